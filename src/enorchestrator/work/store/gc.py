"""The kind `gc`: finds data that nothing refers to, and frees it if asked."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress


class GcArguments(Arguments):
    """The extent of the sweep."""

    delete: Annotated[bool, Field(description="Free it; else only show what there is.")] = False
    grace_hours: Annotated[
        float, Field(ge=0, le=87_600, description="What was written within so many hours is kept.")
    ] = 24.0


def _gc(arguments: GcArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    import enstorage

    grace = timedelta(hours=arguments.grace_hours)
    sweep = enstorage.gc(connector, delete=arguments.delete, grace=grace, progress=progress)
    return {**asdict(sweep), "bytes": sweep.bytes}


GC = WorkKind("gc", "purge", "store", "Sweep the store", GcArguments, _gc)
