"""All figures of one study's report, for its page and for Python."""

from gan_study.analysis.confirmation import confirmed_arms
from gan_study.analysis.run_data import RunData
from gan_study.analysis.summary import Summary
from gan_study.report.figures.atlas_figures import atlas_plots
from gan_study.report.figures.effect_figures import effect_plots
from gan_study.report.figures.page_figures import Plot, draw_plots
from gan_study.report.pictures.page_pictures import shown_trials


def report_plots(run: RunData, summary: Summary) -> dict[str, list[Plot]]:
    """The figures by section. A section without figures has an empty list."""
    confirmed = list(confirmed_arms(run).values())
    plots = draw_plots(run, summary.comparison, confirmed, shown_trials(run))
    return plots | effect_plots(run, summary.effects) | atlas_plots(run)


def plots_by_name(run: RunData, summary: Summary) -> dict[str, Plot]:
    """The figures by their names, in the order of the report's sections."""
    return {plot.name: plot for plots in report_plots(run, summary).values() for plot in plots}
