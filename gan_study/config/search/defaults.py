"""The defaults of a search that depend on its number of trials, written out."""

from gan_study.config.search.order import lag_of, search_lag
from gan_study.config.search.sampling import LEARNING_SAMPLERS, startup_trials
from gan_study.config.search.stopping import min_completed_trials
from gan_study.config.study import StudyConfig


def with_search_defaults(study: StudyConfig, before: StudyConfig | None = None) -> StudyConfig:
    """The study with those defaults written out that depend on its number of trials, so that extending it keeps them.

    before: the study that this one extends, whose defaults and order are kept; None if there is none.
    """
    of = before or study
    search = study.search
    if before is not None and "order" not in search.model_fields_set:
        search = search.model_copy(update={"order": before.search.order})
    if search.startup_trials is None and search.sampler in LEARNING_SAMPLERS:
        search = search.model_copy(update={"startup_trials": startup_trials(of)})
    waits = search_lag(study.model_copy(update={"search": search})) is not None and search.scheduler != "pbt"
    if search.lag is None and waits:
        search = search.model_copy(update={"lag": lag_of(of)})
    if search.min_completed_trials is None and search.scheduler == "median":
        search = search.model_copy(update={"min_completed_trials": min_completed_trials(of)})
    return study.model_copy(update={"search": search})
