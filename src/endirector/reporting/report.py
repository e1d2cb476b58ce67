"""`report`: a page about an ensemble, in one file for a browser."""

from dataclasses import dataclass, replace
from html import escape
from os import PathLike
from pathlib import Path

from endirector.reporting.content import content_of
from endirector.reporting.figures import BARS, plots_of
from endirector.reporting.language import in_language
from endirector.reporting.page import render_page
from endirector.selection.diagnose import found_of, store_diagnosis
from enstorage import Ensemble
from enstorage.progress import Progress, listening
from enstorage.writing import is_stream, make_folder, write_whole


@dataclass(frozen=True, slots=True)
class Report:
    """A page; a notebook displays it.

    Attributes:
        html: the page, a complete document.
        path: the file to which it was written; None if it was not written.
    """

    html: str
    path: Path | None = None

    def save(self, folder_or_file: str | PathLike[str]) -> "Report":
        """Write the page.

        Args:
            folder_or_file: a file whose name ends in `.html` or `.htm`, or a folder, in which the page is called
                `report.html`. Folders that are missing are made; an older page is replaced. A pipe or a device, such as
                `/dev/stdout`, gets the page as it is.

        Raises:
            InvalidInputError: a file has the name of a folder that is needed, or a folder the name of the file.
            StoreError: the operating system refuses to write the file.
        """
        path = Path(folder_or_file)
        if not is_stream(path):
            if path.is_dir() or path.suffix.lower() not in (".html", ".htm"):
                path /= "report.html"
            make_folder(path.parent)
        write_whole(path, self.html.encode(), overwrite=True)
        return replace(self, path=path)

    def _repr_html_(self) -> str:
        style = "width:100%;height:70vh;border:1px solid #8888;border-radius:6px"
        return f'<iframe sandbox srcdoc="{escape(self.html)}" style="{style}" title="Report of an ensemble"></iframe>'


def report(
    ensemble: Ensemble,
    folder_or_file: str | PathLike[str] | None = None,
    *,
    language: str = "en",
    progress: bool | Progress = True,
) -> Report:
    """Make a page about a rendered ensemble: members, alignment, errors, weights, intervals, diagnosis and lineage.

    The page is one file: styles and pictures are inside, it loads nothing and runs no script; equal ensembles give equal
    bytes. No model is opened. If the ensemble was not diagnosed since it was rendered, it is diagnosed, and the
    diagnosis is stored.

    Args:
        ensemble: a rendered ensemble.
        folder_or_file: where to write the page, see `Report.save`; by default it is not written.
        language: `en` or `ru`.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; nothing was written or stored.
        InvalidInputError: there are no pages in this language.
        MissingLibraryError: Jinja or Matplotlib is not installed.
        NotFoundError: the ensemble was not rendered.
    """
    with (
        in_language(language),
        ensemble.connector as connector,
        listening(progress) as report,
        connector.database.remembering(),
    ):
        stored = ensemble.rendered_result().diagnosis
        report("Reading", 0, 100)
        found = found_of(ensemble, report.within(0, 60, 100)) if stored is None else stored
        diagnosis = found.to_json(ensemble.labels().__getitem__)
        report("Gathering", 60, 100)
        content = content_of(ensemble, diagnosis)
        report("Drawing", 70, 100)
        made = Report(render_page("endirector", "report.html.j2", content=content, plots=plots_of(content), bars=BARS))
        report("Writing", 100, 100)
        if stored is None:
            store_diagnosis(ensemble, found)
    return made if folder_or_file is None else made.save(folder_or_file)
