"""The kind `check`: reads everything that is stored and checks every hash and reference."""

from dataclasses import asdict
from typing import Any

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector
from enstorage.progress import Progress

#: Findings of the result.
_MOST_FINDINGS = 1_000


class CheckArguments(Arguments):
    """None: the whole store is checked."""


def _check(_arguments: CheckArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    import enstorage

    found = enstorage.check(connector, notes=True, progress=progress)
    return {
        "damaged": any(each.kind == "damage" for each in found),
        "count": len(found),
        "findings": [asdict(each) for each in found[:_MOST_FINDINGS]],
    }


CHECK = WorkKind("check", "read", "store", "Check the store", CheckArguments, _check)
