"""The mark of a rendered ensemble against its rows: whether it promises more than they show."""

from collections.abc import Iterator

import polars as pl

from enstorage.entity.ensemble import Ensemble
from enstorage.entity.forecast import OUT_OF_FOLD, Forecast
from enstorage.entity.model import Model
from enstorage.entity.targets import parts_trained_on
from enstorage.errors import CorruptError

_TARGET = ["series", "id"]


def check_mark(ensemble: Ensemble) -> None:
    """Compare the mark of an ensemble with the rows that it was fitted on, and its members with what rendering wrote.

    Raises:
        CorruptError: the mark is better than the rows, or something was changed by hand.
    """
    if ensemble.result is None:
        return
    labels = ensemble.labels()
    changed = [labels[item.id] for item in ensemble.items() if item.changed_by_hand]
    wrong = [
        *_of_mark(ensemble),
        *([f"What rendering wrote of {', '.join(changed)} was changed by hand."] if changed else []),
    ]
    if wrong:
        raise CorruptError(f"{ensemble}: {' '.join(wrong)} Render it again: endirector.Conductor(ensemble).render().")


def _of_mark(ensemble: Ensemble) -> Iterator[str]:
    result, fitted = ensemble.rendered_result(), ensemble.table().filter("fitted")
    if result.fit_on is not None and fitted.height != result.fitted_rows:
        yield f"It says that it was fitted on {result.fitted_rows} rows; its table has {fitted.height}."
    if (result.mark == "out-of-fold") != (result.fit_on == OUT_OF_FOLD):
        yield f"Its mark is {result.mark!r}, and it was fitted on {result.fit_on} rows."
    if result.mark != "held-out" or not fitted.height:
        return
    for item in ensemble.items():
        inputs, member = item.rendered_result().inputs, item.member
        if item.dropped is None and isinstance(member, Model) and inputs is not None:
            trained_on = inputs["trained_on"] if "trained_on" in inputs else parts_trained_on(member)
            seen = [each.table().select(_TARGET) for each in _as_rendered(member, inputs["forecasts"], trained_on)]
            rows = fitted.join(pl.concat(seen), on=_TARGET, how="semi").height if seen else 0
            if rows:
                yield f"Its mark is 'held-out', and {member} was trained on {rows} of the rows that it was fitted on."


def _as_rendered(model: Model, hashes: dict[str, str], parts: list[str]) -> list[Forecast]:
    """The forecasts for some parts, where they are those that the ensemble was rendered with."""
    return [each for each in Forecast.of(model) if each.part in parts and each.data_csv.sha256 == hashes.get(each.part)]
