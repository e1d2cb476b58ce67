"""Reasons not to trust the errors of an ensemble, in words, and its mark as it is shown."""

from typing import TYPE_CHECKING

from enstorage.views.claims import in_words
from enstorage.views.measured import UNKNOWN, filled_unknown, unknown_in_words

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble


def shown_mark(ensemble: "Ensemble") -> str:
    """See `Ensemble.shown_mark`."""
    claimed = ["claimed"] if ensemble.claims() else []
    return ", ".join([ensemble.mark(), *claimed, *([] if ensemble.measured_rows_known() else [UNKNOWN])])


def warnings_of(ensemble: "Ensemble") -> list[str]:
    """See `Ensemble.warnings`."""
    items = ensemble.items()
    result, labels = ensemble.rendered_result(items), ensemble.labels(items)
    found = []
    if result.leaks:
        found.append(
            "Members could see later values (a random split, or gaps filled from both sides): errors are too low."
        )
    found += [
        f"{labels[id]} was trained on {count} of the test rows: its error there is too low."
        for id, count in result.test_rows_trained_on.items()
        if count
    ]
    found += [f"{labels[item.id]} {sign}" for item in items for sign in item.rendered_result().signs or ()]
    claimed, filled = ensemble.claims(), filled_unknown(ensemble)
    found += [in_words(claimed)] if claimed else []
    found += [unknown_in_words(filled)] if filled else []
    return found + [f"Not up to date: {each}" for each in ensemble.staleness()]
