"""The result of an experiment as one page that needs nothing but a browser."""

from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from endirector.reporting.page import at_two_widths, period, render_page, squared
from enmyadmin.demo.result import ENSEMBLE, BaselineResult, EnsembleFigures, ExperimentResult, MemberResult
from enstorage.preparation.split import Part
from enstorage.writing import make_folder, write_whole


def write_report(result: ExperimentResult, folder: Path) -> Path:
    """Write `report.html` into a folder, which is made where it is missing.

    The page is one file: styles and pictures are inside, it loads nothing and runs no script. It follows the reader's
    light or dark theme, fits a telephone and prints. Equal results give equal bytes.

    Args:
        result: What to show.
        folder: Where to write; an older `report.html` there is replaced.

    Returns:
        The path of the page.

    Raises:
        MissingLibraryError: Jinja or Matplotlib is not installed.
    """
    page = _render(result)
    make_folder(folder)
    path = folder / "report.html"
    write_whole(path, page.encode(), overwrite=True)
    return path


def _render(result: ExperimentResult) -> str:
    return render_page(
        "enmyadmin.demo",
        "report.html.j2",
        result=result,
        squared=squared(result.unit),
        test_period=period(result.test_times_ns),
        period=period(result.times_ns),
        part_rows=[int(np.count_nonzero(result.part == part)) for part in Part],
        table=_table(result),
        lineage=[(step, [rest for _, *rest in group]) for step, group in groupby(result.lineage, lambda item: item[0])],
        plots=_plots(result),
    )


def _models(result: ExperimentResult) -> list[tuple[str, str, MemberResult | EnsembleFigures | BaselineResult]]:
    """Returns (name, kind, result) of everything that forecast the test part, in the order of the page."""
    return [
        *((member.name, "member", member) for member in result.members),
        (ENSEMBLE, "ensemble", result.ensemble),
        *((baseline.name, "baseline", baseline) for baseline in result.baselines),
    ]


def _table(result: ExperimentResult) -> list[dict[str, Any]]:
    """Returns one row a model: the members, the ensemble, the baselines; every column with decimals of its own."""
    from endirector.reporting.plots import same_precision

    models = _models(result)
    columns = [
        same_precision([getattr(model, measure) for _, _, model in models]) for measure in ("mse", "rmse", "mse_scaled")
    ]
    return [
        {"name": name, "kind": kind, "errors": errors, "share": f"{model.mse / result.ensemble.mse:.2f}×"}
        for (name, kind, model), errors in zip(models, zip(*columns, strict=True), strict=True)
    ]


def _plots(result: ExperimentResult) -> dict[str, str]:
    """Draws every picture of the page, each as markup that shows it fitted to a wide or a narrow screen."""
    from endirector.reporting.plots import plot_errors, plot_forecasts, plot_series, plot_spread, plot_timeline

    models = _models(result)
    blended = [name for name, kind, _ in models if kind != "baseline"]
    plots = {
        "errors": partial(
            plot_errors,
            [name for name, _, _ in models],
            [model.mse for _, _, model in models],
            unit=squared(result.unit),
            highlighted=(ENSEMBLE,),
            hollow=[baseline.name for baseline in result.baselines],
            title="Mean squared error of every model on the test part",
        ),
        "forecasts": partial(
            plot_forecasts,
            result.test_times_ns,
            result.test_truth,
            {name: result.test_forecasts[name] for name in blended},
            unit=result.unit,
            highlighted=(ENSEMBLE,),
            title="Forecasts of the members and of the ensemble, and the truth, on the test part",
        ),
        "series": partial(
            plot_series,
            result.times_ns,
            result.values,
            result.part,
            unit=result.unit,
            title=f"{result.title}, in parts",
        ),
    }
    if len(result.seeds) > 1:
        plots["spread"] = partial(
            plot_spread,
            blended,
            [(*seed.member_mse, seed.ensemble_mse) for seed in result.seeds],
            unit=squared(result.unit),
            highlighted=(ENSEMBLE,),
            title=f"Mean squared error on the test part over {len(result.seeds)} seeds",
        )
    if result.timeline:
        plots["timeline"] = partial(plot_timeline, {step.name: step.spans for step in result.timeline})
    return {name: at_two_widths(plot) for name, plot in plots.items()}
