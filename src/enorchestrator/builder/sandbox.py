"""The sandbox: a store aside with a copy of a project. What is built there comes back whole, or nothing does."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from enorchestrator.registry.content import fingerprint
from enstorage import Connector, export_project, import_bundle
from enstorage.entity._known import knowledge_of, take_over
from enstorage.entity.ensemble_members import models_of
from enstorage.errors import CorruptError
from enstorage.progress import Listener

if TYPE_CHECKING:
    from enstorage import Ensemble, Project

_REFUSED = (
    "The production store is only read while a version is built: expected writes to the store of the sandbox. Use the "
    "connector that the builder gives."
)


def build_aside(
    project: "Project", build: "Callable[[Project], Ensemble]", report: Listener, *, first: int, last: int, total: int
) -> "Ensemble":
    """Have a function build an ensemble on a copy of a project, and take over what it made.

    The function works in a store of its own, in a temporary folder; its writes to the store of the project are refused. When
    it fails, nothing of its work reaches that store.

    Args:
        project: in production.
        build: takes the copy of the project, and gives a rendered ensemble of it.
        report: of the progress.
        first: what was done before, of `total`.
        last: what is done then.
        total: see there.

    Returns:
        The ensemble in the store of the project.

    Raises:
        CorruptError: what was taken over is not what was built.
    """
    production = project.connector
    with tempfile.TemporaryDirectory(prefix="enstorage-sandbox-") as folder:
        there, back = Path(folder) / "there.enz", Path(folder) / "back.enz"
        report("Copy the project", first, total)
        export_project(project, there)
        box = Connector.aside(Path(folder) / "store")
        try:
            with box, production.refusing_writes(_REFUSED):
                copy = import_bundle(there, box).project
                built = build(copy)
                content = fingerprint(built)
                known = [knowledge_of(each) for each in models_of(built.members())]
                export_project(copy, back)
        finally:
            box.close()
        report("Take over", last, total)
        taken = import_bundle(back, production).project
    for ensemble in reversed(taken.ensembles()):
        if ensemble.result is not None and fingerprint(ensemble) == content:
            # A bundle carries no knowledge, since anybody may have written it; this one was written here.
            for model, own in zip(models_of(ensemble.members()), known, strict=True):
                take_over(model, own)
            return ensemble
    raise CorruptError(
        f"The ensemble that was built for {project} did not arrive as it was; expected the hash {content[:12]}…. Run "
        "`enstorage check`, and build it again."
    )
