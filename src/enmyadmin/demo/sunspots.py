"""The paper's experiment: three LSTM networks of one series, blended (Puchkov & Terekhov 2016).

`run` does all steps in their order, from the source to the ensemble.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from enmyadmin.demo.baselines import make_baselines
from enmyadmin.demo.closing_lines import print_closing_lines
from enmyadmin.demo.loading import LoadWhileTraining
from enmyadmin.demo.outcome import summarise
from enmyadmin.demo.report import write_report
from enmyadmin.demo.result import ExperimentResult
from enmyadmin.demo.series import LAGS, SUNSPOT_SEASON, TEST_PART, TRAIN_PART, check_season, from_csv, sunspots
from enmyadmin.demo.timeline import StepTime
from enmyadmin.output import to_json
from enstorage import Connector, DataPreparation, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.writing import write_whole

AUTOREGRESSION_ORDER = 9


def run(
    folder: Path,
    *,
    csv: Path | None = None,
    unit: str = "",
    season: int | None = None,
    seeds: int = 1,
    tensorboard: Path | None = None,
    quiet: bool = False,
) -> ExperimentResult:
    """Run the experiment, keep everything in the store `folder/store`, write `report.html` and `metrics.json`.

    Args:
        folder: where to; made if needed.
        csv: two-column file to use instead of the sunspots.
        unit: of the values in that file.
        season: rows after which the series repeats, for the naive baseline; 11 for the sunspots, else 1.
        seeds: how many seeds, from 0, are trained together; the report shows seed 0 and the spread.
        tensorboard: folder in which TensorBoard shows the training.
        quiet: print nothing.
    """
    import endirector
    import entrainer
    from entrainer.networks import PaperLSTM

    series = sunspots(season) if csv is None else from_csv(csv, season, unit)
    check_season(series)
    with Connector.in_folder(folder / "store"):
        source = DataSource(
            name=series.name, time_interval=series.interval, unit=series.unit, description=series.origin
        ).save()
        source.write(series.times, series.values)
        snapshot = source.create_snapshot()
        preparation = snapshot.create_preparation(
            "forward", "minmax", train_part=TRAIN_PART, valid_part=0.0, test_part=TEST_PART
        )
        data_sets = [preparation.create_set(Window(lag)) for lag in LAGS]
        project = Project(name=series.name, data_source=source).save()

        models: list[list[Model]] = []
        for seed in range(seeds):
            research = project.create_research(f"LSTM, min–max, seed {seed}", preparation)
            models.append([research.create_model(f"LSTM lag {lag}", PaperLSTM()) for lag in LAGS])
            for model, data_set in zip(models[-1], data_sets, strict=True):
                model.data_set(data_set)
        everyone = [model for group in models for model in group]
        entrainer.fit(
            everyone,
            seeds=[seed for seed in range(seeds) for _ in LAGS],
            monitor=LoadWhileTraining(("skops.io", "endirector.reporting.plots")),
            progress=not quiet,
            tensorboard=tensorboard,
        )

        ensembles: list[Ensemble] = []
        for group in models:
            ensemble = project.create_ensemble("blending", "LinearRegression", models=group)
            ensembles.append(endirector.Conductor(ensemble).render())

        return finish(
            ensembles, preparation, folder, _command(csv, unit, season, seeds), season=series.season, quiet=quiet
        )


def finish(
    ensembles: Sequence[Ensemble],
    preparation: DataPreparation,
    folder: Path,
    command: str,
    *,
    season: int = SUNSPOT_SEASON,
    timeline: Sequence[StepTime] = (),
    quiet: bool,
) -> ExperimentResult:
    """Add the baselines to what was trained, and write `report.html` and `metrics.json`.

    Args:
        ensembles: rendered, one for each seed.
        preparation: of their members.
        folder: where to write.
        command: that runs the experiment again.
        season: rows after which the series repeats.
        timeline: of the steps, if a pipeline executed them.
        quiet: print nothing.
    """
    project = ensembles[0].project
    baselines = make_baselines(project, preparation, season=season, order=AUTOREGRESSION_ORDER)
    result = summarise(ensembles, baselines, preparation, LAGS, command, timeline)
    report = write_report(result, folder)
    metrics = folder / "metrics.json"
    write_whole(metrics, f"{to_json(result.metrics())}\n".encode(), overwrite=True)
    if not quiet:
        print_closing_lines(result, report, metrics)
    return result


def _command(csv: Path | None, unit: str, season: int | None, seeds: int) -> str:
    options = {"--csv": csv, "--unit": unit or None, "--season": season, "--seeds": seeds if seeds > 1 else None}
    words = [f"{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None]
    return " ".join(["enstorage demo", *words])
