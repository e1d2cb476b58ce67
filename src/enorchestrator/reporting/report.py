"""`report_version`: a page about a version of a registered model, in one file for a browser."""

from functools import partial
from os import PathLike
from typing import Any

from endirector.reporting.report import Report
from enorchestrator.registry.find import PRODUCTION
from enorchestrator.reporting.content import VersionContent, content_of_version
from enstorage import Connector
from enstorage.connector import bound_to

#: Largest number of groups in a picture, the worst.
_BARS = 12
_WORD = {"passed": "passed", "failed": "failed", "skipped": "does not apply"}
_VERDICT = {
    "better": "significantly better than",
    "worse": "significantly worse than",
    "tie": "not significantly different from",
    "unknown": "not comparable with",
}
_PROPOSAL = {"promote": "promote it", "keep": "keep what is in production", "reject": "reject it"}


def report_version(
    name: str,
    version: int | str = PRODUCTION,
    folder_or_file: str | PathLike[str] | None = None,
    *,
    connector: Connector | None = None,
) -> Report:
    """Make a page about a version: its gates, the comparison with production, groups, budgets, monitoring, timeline.

    The page is one file: styles and pictures are inside, it loads nothing and runs no script. It shows what the latest
    evaluation and the monitor stored; nothing is computed anew.

    Args:
        name: of the registered model.
        version: its number, or an alias.
        folder_or_file: where to write the page, see `endirector.reporting.report.Report.save`; by default it is not written.
        connector: the store; the current one by default.

    Raises:
        MissingLibraryError: Jinja or Matplotlib is not installed.
        NotFoundError: there is no such version.
    """
    from endirector.reporting.page import at_two_widths, render_page

    with bound_to(connector) as store:
        content = content_of_version(name, version, store)
    pictures = {key: at_two_widths(plot) for key, plot in _plots(content).items()}
    words = {"outcome": _WORD, "verdict": _VERDICT, "proposal": _PROPOSAL}
    made = Report(
        render_page("enorchestrator.reporting", "version.html.j2", content=content, plots=pictures, words=words)
    )
    return made if folder_or_file is None else made.save(folder_or_file)


def _plots(content: VersionContent) -> dict[str, Any]:
    """All pictures that have data, by name."""
    from endirector.reporting.plots import plot_errors, plot_forecasts, plot_limits

    found: dict[str, Any] = {}
    own = f"version {content.version.version}"
    if content.rows is not None and content.times is not None:
        other = {} if content.rows.get("champion") is None else {f"version {content.against}": content.rows["champion"]}
        found["rows"] = partial(
            plot_forecasts,
            content.times,
            content.rows["truth"],
            {**other, own: content.rows["challenger"]},
            unit=content.unit,
            highlighted=(own,),
            title="Forecasts and truth on the rows that were compared",
        )
    for by, errors in content.groups.items():
        names = list(errors)[:_BARS]
        if len(names) > 1:
            found[f"groups {by}"] = partial(
                plot_errors,
                names,
                [errors[name] for name in names],
                unit=content.unit,
                highlighted=names[:1],
                title=f"Errors by {by}, the worst first",
            )
    for place, each in enumerate(content.windows):
        if each.shares:
            found[f"windows {place}"] = partial(
                plot_limits,
                each.times,
                each.shares,
                marks=each.alerts,
                phases=each.versions,
                title=f"{each.kind} of {each.series}, as a share of the limits",
            )
    return found
