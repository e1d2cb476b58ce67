"""Writes what an experiment found as one page that needs nothing but a browser."""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enmyadmin.demo.result import ENSEMBLE, BaselineResult, EnsembleResult, ExperimentResult, MemberResult
from enstorage.errors import MissingLibraryError


def write_report(result: ExperimentResult, folder: Path) -> Path:
    """Writes `report.html` into a folder, which is made where it is missing.

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
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _render(result: ExperimentResult) -> str:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingLibraryError(
            'The report needs Jinja, which is not installed. Run: pip install "enstorage[ensemble]"'
        ) from error
    from endirector.plots import same_precision

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: same_precision([value])[0]
    environment.filters["percent"] = lambda share: f"{abs(share):.1%}"
    template = files("enmyadmin.demo").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        result=result,
        squared=_squared(result.unit),
        test_period=_period(result.test_times_ns),
        period=_period(result.times_ns),
        part_rows=[int(np.count_nonzero(result.part == code)) for code in range(3)],
        table=_table(result),
        lineage=[(step, [rest for _, *rest in group]) for step, group in groupby(result.lineage, lambda item: item[0])],
        plots=_plots(result),
    )


def _models(result: ExperimentResult) -> list[tuple[str, str, MemberResult | EnsembleResult | BaselineResult]]:
    """Returns (name, kind, result) of everything that forecast the test part, in the order of the page."""
    return [
        *((member.name, "member", member) for member in result.members),
        (ENSEMBLE, "ensemble", result.ensemble),
        *((baseline.name, "baseline", baseline) for baseline in result.baselines),
    ]


def _table(result: ExperimentResult) -> list[dict[str, Any]]:
    """Returns one row a model: the members, the ensemble, the baselines; every column with decimals of its own."""
    from endirector.plots import same_precision

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
    from endirector.plots import plot_errors, plot_forecasts, plot_series, plot_spread

    models = _models(result)
    blended = [name for name, kind, _ in models if kind != "baseline"]
    plots = {
        "errors": partial(
            plot_errors,
            [name for name, _, _ in models],
            [model.mse for _, _, model in models],
            unit=_squared(result.unit),
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
            unit=_squared(result.unit),
            highlighted=(ENSEMBLE,),
            title=f"Mean squared error on the test part over {len(result.seeds)} seeds",
        )
    return {name: _at_two_widths(plot) for name, plot in plots.items()}


def _at_two_widths(plot: Callable[..., str]) -> str:
    """Text in a picture keeps its size only at the width it was drawn for, so there is one for each kind of screen."""
    from markupsafe import Markup

    wide, narrow = plot(width=9.0), plot(width=4.2)
    return Markup(f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div>')  # noqa: S704 - the plots escape


def _squared(unit: str) -> str:
    if not unit:
        return ""
    return f"{unit}²" if unit.isalpha() else f"({unit})²"


def _period(times_ns: NDArray[np.int64]) -> str:
    """Names the first and the last time, as finely as the times are apart."""
    times = np.asarray(times_ns, dtype=np.int64).astype("datetime64[ns]")
    step = np.median(np.diff(times)) if len(times) > 1 else np.timedelta64(1, "D")
    finest = next((unit for unit, days in (("Y", 365), ("M", 28), ("D", 1)) if step >= np.timedelta64(days, "D")), "s")
    first, last = np.datetime_as_string(times[[0, -1]].astype(f"datetime64[{finest}]"))
    return f"{first}–{last}" if finest == "Y" else f"{first} to {last}"
