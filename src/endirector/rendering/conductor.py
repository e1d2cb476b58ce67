"""`Conductor`: renders an ensemble, and verifies the result."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from endirector.alignment.align import Alignment
from endirector.combination.combine import Combined, combine
from endirector.combination.gather import Gathered, gather, no_new_forecasts
from endirector.combination.recipe import recipe_of
from endirector.members.member import Member, living_members, members_of, require_out_of_fold
from endirector.methods.base import Floats
from endirector.rendering.recompute import compare_with_objects
from endirector.rendering.result import item_results_of, result_of
from endirector.rendering.table import table_of
from endirector.rendering.verify import Verification, compared
from enstorage import DataCsv, Ensemble, Forecast
from enstorage.entity._trash import check_live
from enstorage.entity.ensemble_result import EnsembleResult, ItemResult
from enstorage.errors import UntrustedError
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, listening


@dataclass(frozen=True, slots=True)
class Rendering:
    """A rendered ensemble before it is stored.

    Attributes:
        combined: the fitted method and the forecast.
        alignment: the common targets of all parts.
        table: see `Ensemble.table`.
        result: of the ensemble.
        item_results: of each member, by the id of its item.
    """

    combined: Combined
    alignment: Alignment
    table: pl.DataFrame
    result: EnsembleResult
    item_results: Mapping[int, ItemResult]

    def forecasts(self) -> dict[float | None, pl.DataFrame]:
        """The rows of forecasts by the level of the quantile; None for the point forecast."""
        by_level: list[tuple[float | None, Floats]] = [(None, self.combined.forecast), *self.combined.quantiles.items()]
        return {
            level: self.alignment.keys.with_columns(
                pl.lit(level, dtype=pl.Float64).alias("quantile"), pl.Series("value", values)
            )
            for level, values in by_level
        }


class Conductor:
    """Builds an ensemble from the forecasts of its members (Puchkov & Terekhov 2016, five steps).

    Test rows decide nothing: weights and metamodels are fitted on the part `fit_on` of the ensemble, or on out-of-fold
    forecasts; by default on the rows that the method is meant for. Nothing is stored before everything is
    computed, and then all of it at once: an interrupted call leaves the ensemble as it was.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble

    def render(self, *, strict: bool = False, progress: bool | Progress = True) -> Ensemble:
        """Build the ensemble and store it.

        Args:
            strict: refuse where a member fails: its object is missing or cannot predict, or its predictions are not finite.
                By default it is dropped, `ensemble.dropped()` says why, and the others are combined.
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            The ensemble, with the metamodel, the members' parameters, the alignment, the forecasts and the errors.

        Raises:
            CancelledError: the progress function asked to stop; nothing was changed.
            InvalidInputError: no members, no common target, members of different targets or units, no row to fit on, no
                out-of-fold forecasts where the ensemble is to be fitted on them, or it or a member is in the trash.
        """
        check_live([self.ensemble, *self.ensemble.members()])
        with (
            self.ensemble.connector as connector,
            listening(progress) as report,
            connector.all_or_nothing(),
            connector.database.remembering(),
        ):
            members = members_of(self.ensemble)
            with no_new_forecasts(members):
                return self._save(self._rendered(members, strict=strict, report=report))

    def verify(self, *, progress: bool | Progress = True) -> Verification:
        """Render again from what is stored, and compare with the stored result; nothing is stored.

        On the same machine with the same library versions all bits must be equal; elsewhere numbers must agree to a
        relative 1e-9. Then the objects of the members forecast again: where the stored forecasts of a member are others, by
        more than 1e-9 of the largest forecast, or 1e-4 for networks, which compute in single precision, it is told.

        Args:
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            The required precision, the largest difference, and the forecasts that are not those of the object beside them,
            such as those that a person corrected and saved.

        Raises:
            CancelledError: the progress function asked to stop.
            CorruptError: something differs; the message names it, and members or data that changed since.
            NotFoundError: the ensemble was not rendered.
        """
        ensemble = self.ensemble
        with (
            ensemble.connector as connector,
            listening(progress) as report,
            connector.all_or_nothing(),
            connector.database.remembering(),
        ):
            kept, members = ensemble.table(), members_of(ensemble)
            with no_new_forecasts(members):
                rendering = self._rendered(members, strict=False, report=report)
            forecasts = rendering.forecasts()
            same = compared(ensemble, kept, rendering.table, rendering.result, rendering.item_results, forecasts)
            different, left = compare_with_objects(living_members(ensemble))
            return replace(same, different=different, not_recomputed=left)

    def _rendered(self, members: list[Member], *, strict: bool, report: Listener) -> Rendering:
        recipe, total = recipe_of(self.ensemble), len(members) + 1
        if recipe.wants_out_of_fold:
            require_out_of_fold(members)
        gathered = gather(
            members, recipe, strict=strict, report=lambda place, name: report(f"Forecasts of {name}", place, total)
        )
        report("Combining", len(members), total)
        folds = None if gathered.folds is None else gathered.folds[1]
        rendering = _rendering(gathered, combine(gathered.recipe, gathered.evidence, folds))
        report("Combined", total, total)
        return rendering

    def _save(self, rendering: Rendering) -> Ensemble:
        ensemble, connector = self.ensemble, self.ensemble.connector
        table = DataCsv.of(rendering.table, connector)
        with connector.transaction():
            ensemble.object_format, ensemble.object_sha256 = self._keep(rendering.combined.metamodel)
            replaced = ensemble.data_csv_id
            ensemble.data_csv_id = table.save().id
            ensemble.result = rendering.result.to_json()
            ensemble.rendered_at = datetime.now(UTC)
            ensemble.save()
            if replaced is not None:
                DataCsv.get(replaced, connector=connector).delete()
            for item in ensemble.items():
                item.keep_result(rendering.item_results[item.id])
                item.save()
            self._save_forecasts(rendering)
        return ensemble

    def _keep(self, metamodel: Any) -> tuple[str, str] | tuple[None, None]:
        """Format and hash of the metamodel; None if no format stores it as data, and it is fitted again when needed."""
        from enstorage.formats.base import dump

        connector = self.ensemble.connector
        if metamodel is None:
            return None, None
        try:
            form, content = dump(metamodel, allow_pickle=connector.allow_pickle)
        except UntrustedError:
            return None, None
        return form, connector.keep(content)

    def _save_forecasts(self, rendering: Rendering) -> None:
        for older in Forecast.of(self.ensemble):
            older.delete()
        tables = rendering.forecasts().values()
        for part in Part:
            rows = rendering.alignment.part == part
            if rows.any():
                Forecast.store(self.ensemble, part.label, pl.concat([table.filter(rows) for table in tables]))


def _rendering(gathered: Gathered, combined: Combined) -> Rendering:
    folds = None if gathered.folds is None else gathered.folds[0]
    row_weights = combined.combination.row_weights
    table = table_of(
        gathered.members,
        gathered.alignment,
        combined.forecast,
        combined.fitted if folds is None else None,
        folds=folds,
        row_weights=None if row_weights is None else row_weights(gathered.evidence.rows),
    )
    result = result_of(gathered, combined)
    return Rendering(combined, gathered.alignment, table, result, item_results_of(gathered, combined, result.metrics))
