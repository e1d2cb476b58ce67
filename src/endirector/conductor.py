"""`Conductor`: renders an ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment import Alignment, align
from endirector.honesty import TEST, leaks, mark_of, seen_test_rows
from endirector.members import (
    gather,
    gather_out_of_fold,
    refuse_mixed_units,
    refuse_test_rows,
    require_out_of_fold,
)
from endirector.metamodel import make_metamodel
from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.metrics import errors_by_part
from endirector.table import table_of
from endirector.windows import longest_lag, windows_before
from enstorage import DataCsv, Ensemble, Forecast, Model, plugins
from enstorage.entity.ensemble import METHODS
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS


@dataclass(frozen=True, slots=True)
class _Meeting:
    """Where the members meet.

    Attributes:
        alignment: the common targets, of all parts or out of fold.
        rows: the same, as a method sees them.
    """

    alignment: Alignment
    rows: Rows

    def only(self, chosen: NDArray[np.bool_]) -> Rows:
        rows = self.rows
        return Rows(
            rows.forecasts[chosen],
            None if rows.step is None else rows.step[chosen],
            None if rows.window is None else rows.window[chosen],
        )


@dataclass(frozen=True, slots=True)
class _Rendering:
    """What the method gave, before it is stored."""

    combination: Combination
    metamodel: Any
    fit_on: str | None
    fitted_rows: int
    mark: str
    forecast: Floats
    table: pl.DataFrame


class Conductor:
    """Builds an ensemble from what its members forecast (Puchkov & Terekhov 2016, five steps).

    Test rows decide nothing: weights and metamodels are fitted on the part `fit_on` of the ensemble, or on out-of-fold
    forecasts; by default on what the method is made for. Nothing is stored before everything is computed.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble

    def render(self) -> Ensemble:
        """Build the ensemble and store it.

        Returns:
            The ensemble, with the metamodel, the members' parameters, the alignment, the forecasts and the errors.

        Raises:
            InvalidInputError: no members, no common target, members of different targets or units, no row to fit on, or no
                out-of-fold forecasts where the ensemble is to be fitted on them.
            NotFoundError: a member has neither forecasts nor an object to make them.
        """
        with self.ensemble.connector:
            models = self._models()
            method = self._determine_method()
            parameters = method.with_defaults(self.ensemble.parameters)
            metamodel = self._initialise_metamodel(parameters)
            if method.fits_with(parameters) and (self.ensemble.fit_on or method.fit_on) == OUT_OF_FOLD:
                require_out_of_fold(models)
            meeting = self._intersect_by_target_id(method, parameters, models)
            rendering = self._run_method(method, parameters, metamodel, meeting, models)
            return self._save(models, meeting.alignment, rendering)

    def _models(self) -> list[Model]:
        models = self.ensemble.models()
        if not models:
            raise InvalidInputError(
                f"{self.ensemble} has no members. Make it with models: project.create_ensemble(method, models=[…])."
            )
        return models

    def _initialise_metamodel(self, parameters: Mapping[str, Any]) -> Any:
        name = self.ensemble.metamodel
        return None if name is None else make_metamodel(name, parameters.get("metamodel"))

    def _determine_method(self) -> Method:
        method: type[Method] = plugins.load(METHODS, self.ensemble.method, "method")
        return method()

    def _intersect_by_target_id(
        self, method: Method, parameters: Mapping[str, Any], models: Sequence[Model], *, out_of_fold: bool = False
    ) -> _Meeting:
        alignment = align(gather_out_of_fold(models), "out-of-fold ") if out_of_fold else align(gather(models))
        refuse_mixed_units(alignment.keys, models)
        lag, window = method.window_lag(parameters, longest_lag(models)), None
        if lag is not None:
            window, known = windows_before(alignment.keys, models, lag)
            alignment, window = alignment.only(known), window[known]
        return _Meeting(alignment, Rows(alignment.forecasts, alignment.keys["step"].to_numpy(), window))

    def _run_method(
        self,
        method: Method,
        parameters: Mapping[str, Any],
        metamodel: Any,
        meeting: _Meeting,
        models: Sequence[Model],
    ) -> _Rendering:
        fit_on = self._fit_on(method, meeting.alignment) if method.fits_with(parameters) else None
        source, fitted = meeting, np.zeros(len(meeting.alignment.truth), dtype=bool)
        if fit_on == OUT_OF_FOLD:
            source = self._intersect_by_target_id(method, parameters, models, out_of_fold=True)
            refuse_test_rows(source.alignment.keys, models)
            fitted = np.ones(len(source.alignment.truth), dtype=bool)
        elif fit_on is not None:
            fitted = self._rows_of(fit_on, meeting.alignment)
        given = Fitting(source.only(fitted), source.alignment.truth[fitted], parameters, metamodel)
        combination = method.fit(given)
        forecast = combination.predict(meeting.rows)
        row_weights = None if combination.row_weights is None else combination.row_weights(meeting.rows)
        folds = source.alignment if fit_on == OUT_OF_FOLD else None
        return _Rendering(
            combination=combination,
            metamodel=metamodel,
            fit_on=fit_on,
            fitted_rows=int(fitted.sum()),
            mark=mark_of(fit_on, source.alignment, fitted, models),
            forecast=forecast,
            table=table_of(
                models,
                meeting.alignment,
                forecast,
                fitted if folds is None else None,
                folds=folds,
                row_weights=row_weights,
            ),
        )

    def _rows_of(self, fit_on: str, alignment: Alignment) -> NDArray[np.bool_]:
        rows: NDArray[np.bool_] = alignment.part == PARTS.index(fit_on)
        if (alignment.part[rows] == TEST).any():
            raise InvalidInputError(
                f"{self.ensemble} is to be fitted on {fit_on!r}; expected train or valid. Test rows decide nothing."
            )
        if not rows.any():
            raise InvalidInputError(
                f"{self.ensemble} is to be fitted on the part {fit_on!r}, in which the members share no target. Choose "
                "another fit_on, or prepare the data with such a part."
            )
        return rows

    def _fit_on(self, method: Method, alignment: Alignment) -> str:
        usual = "valid" if (alignment.part == PARTS.index("valid")).any() else "train"
        return self.ensemble.fit_on or method.fit_on or usual

    def _save(self, models: Sequence[Model], alignment: Alignment, rendering: _Rendering) -> Ensemble:
        from enstorage.formats.base import dump

        ensemble, connector = self.ensemble, self.ensemble.connector
        metrics = errors_by_part(models, alignment, rendering.forecast)
        seen = seen_test_rows(alignment, models)
        table = DataCsv.of(rendering.table, connector)
        with connector.transaction():
            if rendering.metamodel is not None:
                ensemble.object_format, content = dump(rendering.metamodel, allow_pickle=connector.allow_pickle)
                ensemble.object_sha256 = connector.keep(content)
            replaced = ensemble.data_csv_id
            ensemble.data_csv_id = table.save().id
            ensemble.result = {
                "alignment": {"common": len(alignment.truth), "lost": alignment.lost},
                "fit_on": rendering.fit_on,
                "fitted_rows": rendering.fitted_rows,
                "mark": rendering.mark,
                "leaks": any(leaks(model) for model in models),
                "test_rows_trained_on": seen,
                "intercept": rendering.combination.intercept,
                "fit": dict(rendering.combination.facts),
                "metrics": metrics,
            }
            ensemble.rendered_at = datetime.now(UTC)
            ensemble.save()
            if replaced is not None:
                DataCsv.get(replaced, connector=connector).delete()
            self._save_items(alignment, rendering.combination, metrics)
            self._save_forecasts(alignment, rendering.forecast)
        return ensemble

    def _save_items(self, alignment: Alignment, combination: Combination, metrics: dict[str, Any]) -> None:
        for position, (item, name) in enumerate(zip(self.ensemble.items(), alignment.lost, strict=True)):
            facts = {part: by_name["members"][name] for part, by_name in metrics.items()}
            properties: dict[str, Any] = {"lost_rows": alignment.lost[name], "errors": facts}
            if combination.step_weights is not None:
                by_step = {str(step): float(own[position]) for step, own in combination.step_weights.items()}
                properties = {"step_weights": by_step, **properties}
            if combination.weights is not None:
                properties = {"weight": float(combination.weights[position]), **properties}
            item.properties = properties
            item.save()

    def _save_forecasts(self, alignment: Alignment, forecast: Floats) -> None:
        table = alignment.keys.with_columns(
            pl.lit(None, dtype=pl.Float64).alias("quantile"), pl.Series("value", forecast)
        )
        for code, part in enumerate(PARTS):
            rows = table.filter(alignment.part == code)
            if rows.height:
                Forecast.store(self.ensemble, part, rows)
