"""The result of the demonstration, read from the stored records."""

import platform
import time
from collections.abc import Sequence

import numpy as np
import polars as pl
import psutil

from endirector.rendering.metrics import errors
from enmyadmin.demo.result import (
    ENSEMBLE,
    BaselineResult,
    EnsembleFigures,
    ExperimentResult,
    MemberResult,
    SeedResult,
)
from enmyadmin.demo.timeline import StepTime
from enstorage import DataPreparation, Ensemble, Model
from enstorage.preparation.split import Part
from enstorage.versions import versions_of

_LIBRARIES = ("enstorage", "keras", "jax", "scikit-learn", "numpy")


def summarise(
    ensembles: Sequence[Ensemble],
    baselines: Sequence[Model],
    preparation: DataPreparation,
    lags: Sequence[int],
    command: str,
    timeline: Sequence[StepTime] = (),
) -> ExperimentResult:
    """Gather the figures of the test part; the first ensemble is the one shown, the others are its spread over seeds."""
    shown = ensembles[0]
    test = shown.table().filter(pl.col("part") == Part.TEST)
    truth = test["truth"].to_numpy()
    baseline_forecasts = {model.name: _at(model, test) for model in baselines}
    models = shown.models()
    source = preparation.data_snapshot.data_source
    table = preparation.table()
    ensemble_errors = shown.metrics()["test"]["ensemble"]
    result = shown.rendered_result()
    return ExperimentResult(
        title=source.name,
        unit=source.unit,
        source=source.description,
        times_ns=table["time"].to_numpy(),
        values=table["value"].to_numpy(),
        part=table["part"].to_numpy(),
        members=_members(shown, lags),
        ensemble=EnsembleFigures(
            mse=ensemble_errors["mse"],
            rmse=ensemble_errors["rmse"],
            mse_scaled=ensemble_errors["mse_scaled"],
            intercept=result.intercept or 0.0,
            method=shown.method,
            metamodel=shown.metamodel or "",
            fit_on=result.fit_on or "",
            mark=result.mark,
        ),
        baselines=tuple(
            BaselineResult(name, **_three(truth, forecast, preparation))
            for name, forecast in baseline_forecasts.items()
        ),
        test_times_ns=test["id"].to_numpy(),
        test_truth=truth,
        test_forecasts={
            **{model.name: test[f"member_{model.id}"].to_numpy() for model in models},
            ENSEMBLE: test["ensemble"].to_numpy(),
            **baseline_forecasts,
        },
        filled_rows=preparation.state["filled_rows"],
        common_rows=shown.alignment()["common"],
        test_rows=test.height,
        seconds=time.time() - psutil.Process().create_time(),
        seeds=tuple(_seed(seed, ensemble) for seed, ensemble in enumerate(ensembles)),
        lineage=_lineage(shown),
        versions={"python": platform.python_version(), **versions_of(_LIBRARIES)},
        store=str(
            shown.connector.settings.shown()["database"].removeprefix("sqlite:///").removesuffix("/enstorage.sqlite")
        ),
        command=command,
        timeline=tuple(timeline),
    )


def _members(ensemble: Ensemble, lags: Sequence[int]) -> tuple[MemberResult, ...]:
    measured, lost, weights = ensemble.metrics()["test"]["members"], ensemble.alignment()["lost"], ensemble.weights()
    return tuple(
        MemberResult(
            name=name,
            lag=lag,
            mse=measured[name]["mse"],
            rmse=measured[name]["rmse"],
            mse_scaled=measured[name]["mse_scaled"],
            weight=weights[name],
            lost_rows=lost[name],
        )
        for name, lag in zip(lost, lags, strict=True)
    )


def _at(model: Model, test: pl.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The forecasts of a model at the common test rows."""
    joined = test.select("id").join(model.forecasts().select("id", "value"), on="id", how="left", maintain_order="left")
    return joined["value"].to_numpy()


def _three(
    truth: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    forecast: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    preparation: DataPreparation,
) -> dict[str, float]:
    scale = preparation.transform.apply
    own, scaled = errors(truth, forecast), errors(scale(truth), scale(forecast))
    return {"mse": own["mse"], "rmse": own["rmse"], "mse_scaled": scaled["mse"]}


def _seed(seed: int, ensemble: Ensemble) -> SeedResult:
    measured = ensemble.metrics()["test"]
    return SeedResult(
        seed, tuple(member["mse"] for member in measured["members"].values()), measured["ensemble"]["mse"]
    )


_STEPS = {
    "DataSource": "source",
    "DataSnapshot": "snapshot",
    "DataPreparation": "preparation",
    "DataSet": "data set",
    "Model": "model",
    "Forecast": "forecast",
    "Ensemble": "ensemble",
}


def _lineage(ensemble: Ensemble) -> tuple[tuple[str, str, int, str], ...]:
    steps = []
    for record in ensemble.lineage().records:
        entity = type(record).__name__
        match entity:
            case "DataSource":
                detail = f"{record.name}, {record.unit}" if record.unit else record.name  # type: ignore[attr-defined]
            case "DataSnapshot":
                detail = f"{record.rows} rows, {record.aggregate} by {record.time_interval}"  # type: ignore[attr-defined]
            case "DataPreparation":
                detail = f"{record.transform_method}, {record.train_part:.0%} train"  # type: ignore[attr-defined]
            case "Forecast":
                detail = f"{record.part}, {record.rows} rows"  # type: ignore[attr-defined]
            case _:
                detail = record.name  # type: ignore[attr-defined]
        steps.append((_STEPS[entity], entity, record.id, detail))
    return tuple(steps)
