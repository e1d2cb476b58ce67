"""Pictures of series, errors, forecasts, intervals and weights, each a pure function that returns one SVG as text.

Text stays text, equal input gives equal bytes, and nothing is loaded from elsewhere. Every colour is a CSS variable
(`--plot-ink`, `--plot-accent`, …) that changes with the reader's light or dark theme; a page with themes of its own
sets the variables of `.enstorage-plot`. Nothing important is shown by colour alone: it also has its own shape, width or
weight. Times are int64 nanoseconds since 1970-01-01 UTC.
"""

from endirector.reporting.plots.bars import plot_bars
from endirector.reporting.plots.by_step import plot_by_step
from endirector.reporting.plots.canvas import same_precision
from endirector.reporting.plots.errors import plot_errors, plot_spread
from endirector.reporting.plots.forecasts import plot_forecasts
from endirector.reporting.plots.heat_map import plot_correlations
from endirector.reporting.plots.intervals import plot_coverage, plot_coverage_by_step, plot_fan
from endirector.reporting.plots.limits import plot_limits
from endirector.reporting.plots.series import plot_series
from endirector.reporting.plots.timeline import plot_timeline
from endirector.reporting.plots.weights import plot_weights

__all__ = [
    "plot_bars",
    "plot_by_step",
    "plot_correlations",
    "plot_coverage",
    "plot_coverage_by_step",
    "plot_errors",
    "plot_fan",
    "plot_forecasts",
    "plot_limits",
    "plot_series",
    "plot_spread",
    "plot_timeline",
    "plot_weights",
    "same_precision",
]
