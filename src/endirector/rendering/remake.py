"""`remake`: an ensemble is made again from stored data, specifications and seeds, and compared with the stored one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.combination.combine import Combined, combine
from endirector.combination.cross_fit import cross_fitted
from endirector.combination.evidence import Evidence
from endirector.combination.kept import as_rendered, stored_evidence
from endirector.members.member import Member, living_members
from endirector.methods.base import Floats
from endirector.rendering.metrics import errors
from enstorage import Ensemble, Model
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.preparation.split import Part
from enstorage.progress import Progress, listening


@dataclass(frozen=True, slots=True)
class Side:
    """Stored and new results of one member or of the ensemble.

    Attributes:
        name: of the member; `ensemble` for the ensemble.
        rmse: per part the stored and the new value, in the units of the source.
        largest_difference: between the stored and the new forecasts, over all parts, in the same units; 0 for equal bits.
        weight: the stored and the new value; None where there is none.
        reason: why it was not trained again, so its stored forecasts were used; None where it was.
    """

    name: str
    rmse: Mapping[str, tuple[float, float]]
    largest_difference: float
    weight: tuple[float, float] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Remaking:
    """The result of making an ensemble again; nothing of it is stored.

    Attributes:
        members: one for each member, in their order.
        ensemble: of the ensemble.
    """

    members: tuple[Side, ...]
    ensemble: Side

    @property
    def same(self) -> bool:
        """True if every member was made again, and no bit of any forecast differs."""
        every = (*self.members, self.ensemble)
        return all(side.reason is None and side.largest_difference == 0 for side in every)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name, and `same`."""
        return {"same": self.same, **asdict(self)}


class _Again:
    """The forecasts of models that were trained again, and of ensembles of such models.

    Args:
        models: the tables of `entrainer.remake` by the id of the model; None for a model that could not be trained again.
    """

    def __init__(self, models: Mapping[int, pl.DataFrame | None]) -> None:
        self._models = models

    def combined(self, ensemble: Ensemble) -> tuple[Evidence, Combined]:
        """The evidence of the ensemble with the new forecasts, and the ensemble fitted on it."""
        recipe = as_rendered(ensemble)
        evidence, folds = stored_evidence(ensemble, recipe)
        evidence = self._replaced(ensemble, evidence, out_of_fold=False)
        folds = None if folds is None else self._replaced(ensemble, folds, out_of_fold=True)
        return evidence, combine(recipe, evidence, folds)

    def _replaced(self, ensemble: Ensemble, evidence: Evidence, *, out_of_fold: bool) -> Evidence:
        columns = [
            self._values(member, evidence, place, out_of_fold=out_of_fold)
            for place, member in enumerate(living_members(ensemble))
        ]
        return replace(evidence, rows=replace(evidence.rows, forecasts=np.column_stack(columns)))

    def _values(self, member: Member, evidence: Evidence, place: int, *, out_of_fold: bool) -> Floats:
        stored = evidence.rows.forecasts[:, place]
        new = self._table(member, out_of_fold=out_of_fold)
        if new is None:
            return stored
        found = evidence.keys.join(new, on=KEY, how="left", maintain_order="left")["value"].to_numpy()
        return np.where(np.isnan(found), stored, found)

    def _table(self, member: Member, *, out_of_fold: bool) -> pl.DataFrame | None:
        """Columns `series`, `id`, `step`, `value`."""
        if isinstance(member.entity, Model):
            table = self._models[member.entity.id]
            if table is None:
                return None
            return table.filter((pl.col("part") == OUT_OF_FOLD) == out_of_fold).select(*KEY, "value")
        if not out_of_fold:
            evidence, combined = self.combined(member.entity)
            return evidence.keys.with_columns(pl.Series("value", combined.forecast))
        recipe = as_rendered(member.entity)
        _, folds = stored_evidence(member.entity, recipe)
        if folds is None:
            return None
        folds = self._replaced(member.entity, folds, out_of_fold=True)
        return folds.keys.with_columns(pl.Series("value", cross_fitted(recipe, folds))).drop_nans("value")


def remake(ensemble: Ensemble, *, progress: bool | Progress = True) -> Remaking:
    """Train all members again, combine them again, and compare with what is stored; nothing is stored.

    Args:
        ensemble: a rendered one.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop.
        NotFoundError: the ensemble was not rendered.
    """
    from entrainer import remake as train_again

    with ensemble.connector as connector, listening(progress) as report, connector.database.remembering():
        report("Training again", 0, 100)
        then, _ = stored_evidence(ensemble, as_rendered(ensemble))
        remade = train_again(ensemble.models(), progress=report.within(0, 90, 100))
        again = _Again({each.model.id: each.forecasts for each in remade})
        reasons = {each.model.id: each.reason for each in remade}
        report("Combining again", 90, 100)
        now, combined = again.combined(ensemble)
        weights = combined.combination.weights
        sides = []
        for place, (member, item) in enumerate(
            zip(living_members(ensemble), [item for item in ensemble.items() if item.dropped is None], strict=True)
        ):
            why = [reasons[model.id] for model in member.models if reasons[model.id] is not None]
            kept = item.rendered_result().weight
            side = _side(member.name, then, then.rows.forecasts[:, place], now.rows.forecasts[:, place])
            weight = None if kept is None or weights is None else (kept, float(weights[place]))
            sides.append(replace(side, weight=weight, reason=why[0] if why else None))
        stored = ensemble.table().join(then.keys, on=KEY, how="semi", maintain_order="left")["ensemble"].to_numpy()
        report("Combined again", 100, 100)
        return Remaking(tuple(sides), _side("ensemble", then, stored, combined.forecast))


def _side(name: str, evidence: Evidence, then: Floats, now: Floats) -> Side:
    rmse = {
        part.label: (errors(evidence.truth[rows], then[rows])["rmse"], errors(evidence.truth[rows], now[rows])["rmse"])
        for part in Part
        if (rows := evidence.part == part).any()
    }
    return Side(name, rmse, float(np.abs(then - now).max(initial=0.0)))
