"""All checks of a study's search."""

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.health.defaults import defaults_findings
from gan_study.analysis.health.edges import edge_findings
from gan_study.analysis.health.finding import HealthFinding, Level
from gan_study.analysis.health.scores import cheap_score_findings, dependence_findings
from gan_study.analysis.health.stopping import stopping_findings
from gan_study.analysis.run_data import RunData

_ORDER: tuple[Level, ...] = ("serious", "note", "unknown", "fine")


def search_health(run: RunData) -> tuple[HealthFinding, ...]:
    """The findings of all checks of a finished study, the serious ones first; empty for an unfinished study."""
    if not run.is_finished or run.objective is None or not any(run.searched_trials(arm) for arm in run.arms):
        return ()
    confirmed = confirmed_arms(run)
    found = [
        *edge_findings(run, confirmed),
        *defaults_findings(run, confirmed),
        *stopping_findings(run, confirmed),
        *dependence_findings(run),
        *cheap_score_findings(run),
    ]
    return tuple(sorted(found, key=lambda finding: _ORDER.index(finding.level)))
