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
_TITLES = {
    "quality": "Errors of {series}, as shares of their limits",
    "drift": "Inputs of {series}, as shares of their limits",
}
_PROPOSAL = {"promote": "promote it", "keep": "keep what is in production", "reject": "reject it"}


def report_version(
    name: str,
    version: int | str = PRODUCTION,
    folder_or_file: str | PathLike[str] | None = None,
    *,
    language: str = "en",
    connector: Connector | None = None,
) -> Report:
    """Make a page about a version: its gates, the comparison with production, groups, budgets, monitoring, timeline.

    The page is one file: styles and pictures are inside, it loads nothing and runs no script. It shows what the latest
    evaluation and the monitor stored; nothing is computed anew.

    Args:
        name: of the registered model.
        version: its number, or an alias.
        folder_or_file: where to write the page, see `endirector.reporting.report.Report.save`; by default it is not written.
        language: `en` or `ru`.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: there are no pages in this language.
        MissingLibraryError: Jinja or Matplotlib is not installed.
        NotFoundError: there is no such version.
    """
    from endirector.reporting.language import in_language
    from endirector.reporting.page import at_two_widths, render_page

    words = {"outcome": _WORD, "verdict": _VERDICT, "proposal": _PROPOSAL}
    with in_language(language), bound_to(connector) as store:
        content = content_of_version(name, version, store)
        pictures = {key: at_two_widths(plot) for key, plot in _plots(content).items()}
        page = render_page("enorchestrator.reporting", "version.html.j2", content=content, plots=pictures, words=words)
    made = Report(page)
    return made if folder_or_file is None else made.save(folder_or_file)


def _plots(content: VersionContent) -> dict[str, Any]:
    """All pictures that have data, by name."""
    from endirector.reporting.language import text, word
    from endirector.reporting.plots import plot_errors, plot_forecasts, plot_limits

    found: dict[str, Any] = {}
    own = text("version {number}", number=content.version.version)
    if content.rows is not None and content.times is not None:
        other = (
            {}
            if content.rows.get("champion") is None
            else {text("version {number}", number=content.against): content.rows["champion"]}
        )
        found["rows"] = partial(
            plot_forecasts,
            content.times,
            content.rows["truth"],
            {**other, own: content.rows["challenger"]},
            unit=content.unit,
            highlighted=(own,),
            title=text("Forecasts and truth on the rows that were compared"),
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
                title=text("Errors by {name}, the worst first", name=word(by)),
            )
    for place, each in enumerate(content.windows):
        if each.shares:
            found[f"windows {place}"] = partial(
                plot_limits,
                each.times,
                {word(name): shares for name, shares in each.shares.items()},
                marks=each.alerts,
                phases=each.versions,
                title=text(_TITLES[each.kind], series=each.series),
            )
    return found
