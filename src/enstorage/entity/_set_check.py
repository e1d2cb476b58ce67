"""The check of the values that a data set was made from."""

from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage.entity._record import now
from enstorage.sources.expected import ExpectedValues, SeriesFacts, in_sentences

if TYPE_CHECKING:
    from enstorage.entity.data_set import DataSet

_MOST_KEPT = 20


def check_values(data_set: "DataSet", expected: ExpectedValues) -> dict[str, Any]:
    """Check a data set, keep the report with it, and return it; see `DataSet.check`."""
    facts = _facts(data_set)
    found = {name: expected.faults(each) for name, each in facts.items()}
    faults = {name: own for name, own in found.items() if own}
    # Those with faults first: a panel may have thousands of series.
    kept = sorted(facts, key=lambda name: name not in faults)[:_MOST_KEPT]
    report = {
        "passed": not faults,
        "expected": expected.given(),
        "faults": in_sentences(faults) if faults else "",
        "series": len(facts),
        "facts": {name: facts[name].to_json() for name in kept},
        "checked_at": now().isoformat(),
    }
    data_set.check_result = report
    data_set.save()
    return report


def _facts(data_set: "DataSet") -> dict[str, SeriesFacts]:
    preparations = data_set.preparations()
    if not preparations:  # from arrays: their order tells no time
        y = np.asarray(data_set.arrays()[2], np.float64).ravel()
        return {data_set.name: SeriesFacts.of(np.arange(len(y)), y, None)}
    snapshots = [each.data_snapshot for each in preparations]
    return {
        f"{snapshot.data_source.name} ({snapshot})": SeriesFacts.of(*snapshot.read(), snapshot.calendar)
        for snapshot in snapshots
    }
