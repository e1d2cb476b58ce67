"""`Conductor`: renders an ensemble."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment import Alignment, align
from endirector.members import gather
from endirector.metamodel import make_metamodel
from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.metrics import errors
from enstorage import DataCsv, DataPreparation, Ensemble, Forecast, Model, plugins
from enstorage.entity.ensemble import METHODS
from enstorage.entity.targets import targets_are_values
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS

_TEST = PARTS.index("test")


@dataclass(frozen=True, slots=True)
class _Rendering:
    """What the method gave, before it is stored."""

    combination: Combination
    metamodel: Any
    fit_on: str | None
    fitted: NDArray[np.bool_]
    mark: str
    forecast: NDArray[np.float64]


class Conductor:
    """Builds an ensemble from what its members forecast (Puchkov & Terekhov 2016, five steps).

    Test rows decide nothing: weights and metamodels are fitted on the part `fit_on` of the ensemble, by default `valid`
    where every row set has one, else `train`. Nothing is stored before everything is computed.
    """

    def __init__(self, ensemble: Ensemble) -> None:
        self.ensemble = ensemble

    def render(self) -> Ensemble:
        """Build the ensemble and store it.

        Returns:
            The ensemble, with the metamodel, the members' parameters, the alignment, the forecasts and the errors.

        Raises:
            InvalidInputError: no members, no common target, members of different targets, or no row to fit on.
            NotFoundError: a member has neither forecasts nor an object to make them.
        """
        with self.ensemble.connector:
            models = self._models()
            method = self._determine_method()
            parameters = method.with_defaults(self.ensemble.parameters)
            metamodel = self._initialise_metamodel(parameters)
            alignment = self._intersect_by_target_id(models)
            rendering = self._run_method(method, parameters, metamodel, alignment, models)
            return self._save(models, alignment, rendering)

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

    def _intersect_by_target_id(self, models: Sequence[Model]) -> Alignment:
        return align(gather(models))

    def _run_method(
        self,
        method: Method,
        parameters: Mapping[str, Any],
        metamodel: Any,
        alignment: Alignment,
        models: Sequence[Model],
    ) -> _Rendering:
        fit_on = self._fit_on(alignment) if method.fits_with(parameters) else None
        fitted = np.zeros(len(alignment.truth), bool) if fit_on is None else alignment.part == PARTS.index(fit_on)
        if (alignment.part[fitted] == _TEST).any():
            raise InvalidInputError(
                f"{self.ensemble} is to be fitted on {fit_on!r}; expected train or valid. Test rows decide nothing."
            )
        if fit_on is not None and not fitted.any():
            raise InvalidInputError(
                f"{self.ensemble} is to be fitted on the part {fit_on!r}, in which the members share no target. Choose "
                "another fit_on, or prepare the data with such a part."
            )
        step = alignment.keys["step"].to_numpy()
        rows = Rows(alignment.forecasts[fitted], step[fitted])
        combination = method.fit(Fitting(rows, alignment.truth[fitted], parameters, metamodel))
        return _Rendering(
            combination=combination,
            metamodel=metamodel,
            fit_on=fit_on,
            fitted=fitted,
            mark=_mark(alignment, fitted, models),
            forecast=combination.predict(Rows(alignment.forecasts, step)),
        )

    def _fit_on(self, alignment: Alignment) -> str:
        asked = self.ensemble.fit_on
        if asked == "out_of_fold":
            raise InvalidInputError(
                f"{self.ensemble} is to be fitted on out-of-fold forecasts, and its members bring none. Choose fit_on "
                "'train' or 'valid'."
            )
        return asked or ("valid" if (alignment.part == PARTS.index("valid")).any() else "train")

    def _save(self, models: Sequence[Model], alignment: Alignment, rendering: _Rendering) -> Ensemble:
        from enstorage.formats.base import dump

        ensemble, connector = self.ensemble, self.ensemble.connector
        metrics = _metrics(models, alignment, rendering.forecast)
        seen = _seen_test_rows(alignment, models)
        table = DataCsv.of(_table(models, alignment, rendering), connector)
        with connector.transaction():
            if rendering.metamodel is not None:
                ensemble.object_format, content = dump(rendering.metamodel, allow_pickle=connector.allow_pickle)
                ensemble.object_sha256 = connector.keep(content)
            replaced = ensemble.data_csv_id
            ensemble.data_csv_id = table.save().id
            ensemble.result = {
                "alignment": {"common": len(alignment.truth), "lost": alignment.lost},
                "fit_on": rendering.fit_on,
                "fitted_rows": int(rendering.fitted.sum()),
                "mark": rendering.mark,
                "leaks": any(_leaks(model) for model in models),
                "test_rows_trained_on": seen,
                "intercept": rendering.combination.intercept,
                "fit": dict(rendering.combination.facts),
                "metrics": metrics,
            }
            ensemble.rendered_at = datetime.now(UTC)
            ensemble.save()
            if replaced is not None:
                DataCsv.get(replaced, connector=connector).delete()
            self._save_items(alignment, rendering, metrics)
            self._save_forecasts(alignment, rendering)
        return ensemble

    def _save_items(self, alignment: Alignment, rendering: _Rendering, metrics: dict[str, Any]) -> None:
        weights = rendering.combination.weights
        for position, (item, name) in enumerate(zip(self.ensemble.items(), alignment.lost, strict=True)):
            facts = {part: by_name["members"][name] for part, by_name in metrics.items()}
            properties = {"lost_rows": alignment.lost[name], "errors": facts}
            if weights is not None:
                properties = {"weight": float(weights[position]), **properties}
            item.properties = properties
            item.save()

    def _save_forecasts(self, alignment: Alignment, rendering: _Rendering) -> None:
        table = alignment.keys.with_columns(
            pl.lit(None, dtype=pl.Float64).alias("quantile"), pl.Series("value", rendering.forecast)
        )
        for code, part in enumerate(PARTS):
            rows = table.filter(alignment.part == code)
            if rows.height:
                Forecast.store(self.ensemble, part, rows)


def _trained_on(model: Model) -> list[int]:
    """The codes of the parts that a model was trained on; the train part where it does not say."""
    parts = model.meta("trained_on", default=["train"])
    if not isinstance(parts, list) or not set(parts) <= set(PARTS):
        raise InvalidInputError(
            f"The fact 'trained_on' of {model} is {parts!r}; expected a list of {', '.join(PARTS)}. Correct it by "
            "model.meta('trained_on', […])."
        )
    return [PARTS.index(part) for part in parts]


def _leaks(model: Model) -> bool:
    """Whether the model could see what comes after the origin of its forecasts."""
    return any(preparation.state["leaks"] for preparation in _preparations(model))


def _split_at_random(model: Model) -> bool:
    return any(preparation.split == "random" for preparation in _preparations(model))


def _preparations(model: Model) -> list[DataPreparation]:
    """All that the model sees: those of its data set, else the one of its research."""
    seen = [] if model.data_set_id is None else model.data_set().preparations()
    own = model.research.data_preparation
    return seen or ([] if own is None else [own])


def _seen_test_rows(alignment: Alignment, models: Sequence[Model]) -> dict[str, int]:
    """How many of the common test rows each member was trained on: none, unless parts differ among the members."""
    test = alignment.part == _TEST
    return {
        name: int(np.isin(alignment.member_parts[test, column], _trained_on(model)).sum())
        for column, (name, model) in enumerate(zip(alignment.lost, models, strict=True))
    }


def _mark(alignment: Alignment, fitted: NDArray[np.bool_], models: Sequence[Model]) -> str:
    """`in-sample` when a row that was fitted on is one that a member was trained on, else `held-out`.

    After a random split every row has neighbours that were trained on, so no row is held out.
    """
    for column, model in enumerate(models):
        if np.isin(alignment.member_parts[fitted, column], _trained_on(model)).any():
            return "in-sample"
        if fitted.any() and _split_at_random(model):
            return "in-sample"
    return "held-out"


def _metrics(models: Sequence[Model], alignment: Alignment, forecast: NDArray[np.float64]) -> dict[str, Any]:
    """Errors per part of every member and of the ensemble; the scaled ones where all share one pointwise transform."""
    scale = _common_scale(models)

    def measured(rows: NDArray[np.bool_], values: NDArray[np.float64]) -> dict[str, float]:
        found = errors(alignment.truth[rows], values[rows])
        if scale is not None:
            # A forecast may lie where the transform is not defined, such as below 0 for a root.
            with suppress(InvalidInputError):
                scaled = errors(scale(alignment.truth[rows]), scale(values[rows]))
                found |= {f"{key}_scaled": value for key, value in scaled.items()}
        return {**found, "rows": int(rows.sum())}

    return {
        part: {
            "members": {
                name: measured(rows, alignment.forecasts[:, column]) for column, name in enumerate(alignment.lost)
            },
            "ensemble": measured(rows, forecast),
        }
        for code, part in enumerate(PARTS)
        if (rows := alignment.part == code).any()
    }


def _common_scale(models: Sequence[Model]) -> Callable[[Floats], Floats] | None:
    """The transform into the prepared scale, if the members share it and it takes each value by itself."""
    if not all(model.data_set_id is None or targets_are_values(model.data_set()) for model in models):
        return None
    preparations = {preparation.id: preparation for model in models if (preparation := model.research.data_preparation)}
    if len(preparations) != 1 or any(model.research.data_preparation_id is None for model in models):
        return None
    (preparation,) = preparations.values()
    transform = preparation.transform
    return None if transform.needs_history else transform.apply


def _table(models: Sequence[Model], alignment: Alignment, rendering: _Rendering) -> pl.DataFrame:
    """All that `render` saw and gave, so that weights can be found again without any model."""
    return alignment.keys.with_columns(
        pl.Series("part", alignment.part),
        pl.Series("fitted", rendering.fitted),
        pl.Series("truth", alignment.truth),
        *(pl.Series(f"member_{model.id}", alignment.forecasts[:, column]) for column, model in enumerate(models)),
        pl.Series("ensemble", rendering.forecast),
    )
