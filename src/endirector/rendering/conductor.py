"""`Conductor`: renders an ensemble, and proves that it comes out again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from endirector.alignment.align import Alignment
from endirector.combination.combine import Combined, combine
from endirector.combination.gather import Meeting, meet, no_new_forecasts, recipe_of
from endirector.members.leakage import leaks, mark_of, seen_test_rows
from endirector.members.member import Member, members_of, models_in, require_out_of_fold
from endirector.methods.base import Floats
from endirector.rendering.environment import surroundings
from endirector.rendering.metrics import errors_by_part
from endirector.rendering.table import table_of
from endirector.rendering.verify import Verification, compared
from enstorage import DataCsv, Ensemble, Forecast, Model
from enstorage.errors import UntrustedError
from enstorage.preparation.split import PARTS
from enstorage.progress import Listener, Progress, listening


@dataclass(frozen=True, slots=True)
class Rendering:
    """All that an ensemble is rendered to, before it is stored.

    Attributes:
        combined: the fitted method and the forecast.
        alignment: the common targets of all parts.
        table: see `Ensemble.table`.
        result: see `Ensemble.result`.
        properties: of each member, in their order.
    """

    combined: Combined
    alignment: Alignment
    table: pl.DataFrame
    result: dict[str, Any]
    properties: list[dict[str, Any]]

    def forecasts(self) -> dict[float | None, pl.DataFrame]:
        """The rows of forecasts by the level of the quantile; None for the point forecast."""
        said: list[tuple[float | None, Floats]] = [(None, self.combined.forecast), *self.combined.quantiles.items()]
        return {
            level: self.alignment.keys.with_columns(
                pl.lit(level, dtype=pl.Float64).alias("quantile"), pl.Series("value", values)
            )
            for level, values in said
        }


class Conductor:
    """Builds an ensemble from what its members forecast (Puchkov & Terekhov 2016, five steps).

    Test rows decide nothing: weights and metamodels are fitted on the part `fit_on` of the ensemble, or on out-of-fold
    forecasts; by default on what the method is made for. Nothing is stored before everything is computed, and then all of
    it at once: who interrupts it leaves the ensemble as it was.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble

    def render(self, *, strict: bool = False, progress: bool | Progress = True) -> Ensemble:
        """Build the ensemble and store it.

        Args:
            strict: refuse where a member fails: its object is missing or cannot predict, or predicts what is no number. By
                default it is dropped, `ensemble.dropped()` says why, and the others are combined.
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            The ensemble, with the metamodel, the members' parameters, the alignment, the forecasts and the errors.

        Raises:
            CancelledError: the progress function asked to stop; nothing was changed.
            InvalidInputError: no members, no common target, members of different targets or units, no row to fit on, or no
                out-of-fold forecasts where the ensemble is to be fitted on them.
        """
        with self.ensemble.connector as connector, listening(progress) as report, connector.all_or_nothing():
            members = members_of(self.ensemble)
            with no_new_forecasts(members):
                return self._save(self._rendered(members, strict=strict, report=report))

    def verify(self, *, progress: bool | Progress = True) -> Verification:
        """Render again from what is stored, without storing anything, and compare all of it with what was kept.

        On the machine and with the library versions that it was rendered with every bit has to be the same, elsewhere
        numbers to 1e-9 of their size.

        Args:
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            What was demanded, and how far numbers are apart.

        Raises:
            CancelledError: the progress function asked to stop.
            CorruptError: something differs; the message names it, and members or data that changed since.
            NotFoundError: the ensemble was not rendered.
        """
        ensemble = self.ensemble
        with ensemble.connector as connector, listening(progress) as report, connector.all_or_nothing():
            kept, members = ensemble.table(), members_of(ensemble)
            with no_new_forecasts(members):
                rendering = self._rendered(members, strict=False, report=report)
            forecasts = rendering.forecasts()
            return compared(ensemble, kept, rendering.table, rendering.result, rendering.properties, forecasts)

    def _rendered(self, members: list[Member], *, strict: bool, report: Listener) -> Rendering:
        recipe, total = recipe_of(self.ensemble), len(members) + 1
        if recipe.wants_out_of_fold:
            require_out_of_fold(members)
        meeting = meet(
            members, recipe, strict=strict, tell=lambda place, name: report(f"Forecasts of {name}", place, total)
        )
        report("Combining", len(members), total)
        combined = combine(meeting.recipe, meeting.evidence, None if meeting.folds is None else meeting.folds[1])
        rendering = _rendering(members, meeting, combined)
        report("Combined", total, total)
        return rendering

    def _save(self, rendering: Rendering) -> Ensemble:
        ensemble, connector = self.ensemble, self.ensemble.connector
        table = DataCsv.of(rendering.table, connector)
        with connector.transaction():
            ensemble.object_format, ensemble.object_sha256 = self._keep(rendering.combined.metamodel)
            replaced = ensemble.data_csv_id
            ensemble.data_csv_id = table.save().id
            ensemble.result = rendering.result
            ensemble.rendered_at = datetime.now(UTC)
            ensemble.save()
            if replaced is not None:
                DataCsv.get(replaced, connector=connector).delete()
            for item, properties in zip(ensemble.items(), rendering.properties, strict=True):
                item.properties = properties
                item.save()
            self._save_forecasts(rendering)
        return ensemble

    def _keep(self, metamodel: Any) -> tuple[str, str] | tuple[None, None]:
        """Format and hash of the metamodel; none where no format keeps it as data: it is fitted again when it is needed."""
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
        for code, part in enumerate(PARTS):
            rows = rendering.alignment.part == code
            if rows.any():
                Forecast.store(self.ensemble, part, pl.concat([table.filter(rows) for table in tables]))


def _rendering(members: list[Member], meeting: Meeting, combined: Combined) -> Rendering:
    came, alignment, combination = meeting.members, meeting.alignment, combined.combination
    models = models_in(came)
    folds = None if meeting.folds is None else meeting.folds[0]
    metrics = errors_by_part(models, alignment, combined.forecast)
    row_weights = None if combination.row_weights is None else combination.row_weights(meeting.evidence.rows)
    result = {
        "alignment": {"common": len(alignment.truth), "lost": alignment.lost},
        "fit_on": combined.fit_on,
        "fitted_rows": int(combined.fitted.sum()),
        "mark": mark_of(combined.fit_on, alignment if folds is None else folds, combined.fitted, came),
        "leaks": any(map(leaks, models)),
        "test_rows_trained_on": seen_test_rows(alignment, came),
        "intercept": combination.intercept,
        "fit": dict(combination.facts),
        "metrics": metrics,
        "surroundings": surroundings(),
    }
    table = table_of(
        came,
        alignment,
        combined.forecast,
        combined.fitted if folds is None else None,
        folds=folds,
        row_weights=row_weights,
    )
    living = iter(_properties(meeting, combined, metrics))
    properties = [
        {"dropped": meeting.dropped[member.name]} if member.name in meeting.dropped else next(living)
        for member in members
    ]
    return Rendering(combined, alignment, table, result, properties)


def _properties(meeting: Meeting, combined: Combined, metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each member that came: its weights, how many rows it lost, its errors, and what was taken of it."""
    found = []
    combination, lost = combined.combination, meeting.alignment.lost
    for place, member in enumerate(meeting.members):
        properties: dict[str, Any] = {}
        if combination.weights is not None:
            properties["weight"] = float(combination.weights[place])
        if combination.step_weights is not None:
            properties["step_weights"] = {
                str(step): float(own[place]) for step, own in combination.step_weights.items()
            }
        if combination.quantile_weights is not None:
            properties["quantile_weights"] = {
                str(level): {str(step): float(own[place]) for step, own in by_step.items()}
                for level, by_step in combination.quantile_weights.items()
            }
        properties["lost_rows"] = lost[member.name]
        properties["errors"] = {part: by_name["members"][member.name] for part, by_name in metrics.items()}
        properties["inputs"] = _inputs(member)
        found.append(properties)
    return found


def _inputs(member: Member) -> dict[str, Any]:
    """What was taken of a member, by hashes: by these `Ensemble.staleness` sees that it changed."""
    entity = member.entity
    if isinstance(entity, Model):
        forecasts = {each.part: each.data_csv.sha256 for each in Forecast.of(entity)}
        return {"object": entity.object_sha256, "forecasts": forecasts}
    return {"table": entity.data_csv.sha256}
