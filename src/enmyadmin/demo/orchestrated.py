"""The paper's experiment as a pipeline: its members are trained side by side, and it goes on after any kill."""

import os
import time
from pathlib import Path
from typing import Any

from enmyadmin.demo.result import ExperimentResult
from enmyadmin.demo.series import LAGS, TEST_PART, TRAIN_PART, sunspots
from enmyadmin.demo.sunspots import finish
from enmyadmin.demo.timeline import timeline_of
from enorchestrator import Dispatcher, PipelineDefinition, retry, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import RunDetails, details, list_runs
from enorchestrator.pipeline.submit import KIND
from enorchestrator.task.state import RunState
from enstorage import Connector, DataSource, Ensemble, Project
from enstorage.errors import EnstorageError
from enstorage.ledger import Run
from enstorage.progress import listening

NAME = "sunspots"
COMMAND = "enstorage demo --orchestrated"
_LOOK_SECONDS = 0.2


def definition() -> PipelineDefinition:
    """The pipeline: a set, a model and a training for each window, then the ensemble of all."""
    from entrainer.networks import PaperLSTM

    network = PaperLSTM().to_json()
    steps: dict[str, Any] = {
        "snapshot": {"kind": "create_data_snapshot", "with": {"data_source_id": "${source}"}},
        "preparation": {
            "kind": "create_data_preparation",
            "with": {
                "data_snapshot_id": "${snapshot.data_snapshot}",
                "clean_method": "forward",
                "transform_method": "minmax",
                "train_part": TRAIN_PART,
                "valid_part": 0.0,
                "test_part": TEST_PART,
            },
        },
        "research": {
            "kind": "create_research",
            "with": {
                "project_id": "${project}",
                "data_preparation_id": "${preparation.data_preparation}",
                "name": "LSTM, min–max, seed 0",
            },
        },
    }
    for lag in LAGS:
        steps[f"set-{lag}"] = {
            "kind": "create_data_set",
            "with": {
                "data_preparation_id": "${preparation.data_preparation}",
                "adapter": {"name": "window", "lag": lag},
            },
        }
        steps[f"model-{lag}"] = {
            "kind": "create_model",
            "with": {
                "research_id": "${research.research}",
                "data_set_id": f"${{set-{lag}.data_set}}",
                "name": f"LSTM lag {lag}",
                "network": network,
            },
        }
        steps[f"fit-{lag}"] = {"kind": "fit", "with": {"models": [f"${{model-{lag}.model}}"]}}
    steps["ensemble"] = {
        "kind": "create_ensemble",
        "needs": [f"fit-{lag}" for lag in LAGS],
        "with": {
            "project_id": "${project}",
            "method": "blending",
            "metamodel": "LinearRegression",
            "model_ids": [f"${{model-{lag}.model}}" for lag in LAGS],
        },
    }
    steps["render"] = {"kind": "render", "with": {"ensemble": "${ensemble.ensemble}"}}
    return PipelineDefinition.read(
        {
            "name": NAME,
            "description": "Three LSTM networks of one series, blended (Puchkov & Terekhov 2016).",
            "parameters": {"source": {"type": "data_source"}, "project": {"type": "project"}},
            "steps": steps,
        }
    )


def run(folder: Path, *, quiet: bool = False) -> ExperimentResult:
    """Run the pipeline in the store `folder/store`, write `report.html` and `metrics.json`.

    A run that is there and did not finish, because its process was killed or a step failed, is continued: no step that is
    finished is executed again.

    Args:
        folder: where to; made if needed.
        quiet: print nothing.

    Raises:
        EnstorageError: a step failed, or the run was cancelled; the message says how to go on.
    """
    with Connector.in_folder(folder / "store") as connector:
        with Dispatcher(connector, workers=max(2, os.cpu_count() or 1)):
            found = _followed(_begun(connector), quiet=quiet)
        if found.run.state != RunState.SUCCEEDED:
            detail = (found.run.error or {}).get("detail", "")
            raise EnstorageError(
                f"Run {found.run.id} of the pipeline {NAME} is {found.run.state}. {detail} What is finished is kept. To go "
                f"on call `{COMMAND}` again; to look at it, `enstorage run show {found.run.id}`."
            )
        ensemble = Ensemble.get(found.run.result["render"]["ensemble"])
        preparation = ensemble.models()[0].data_set().preparations()[0]
        return finish([ensemble], preparation, folder, COMMAND, timeline=timeline_of(found), quiet=quiet)


def _begun(connector: Connector) -> Run:
    """A run that is to be finished: the latest one if it is not, else a new one."""
    latest = next((each for each in list_runs(kind=KIND, connector=connector) if each.title == NAME), None)
    if latest is not None and latest.state != RunState.SUCCEEDED:
        is_over = RunState(latest.state).is_final
        return retry(latest.id, connector=connector) if is_over else latest
    series = sunspots()
    with connector.transaction():
        source = DataSource(
            name=series.name, time_interval=series.interval, unit=series.unit, description=series.origin
        ).save()
        source.write(series.times, series.values)
        project = Project(name=series.name, data_source=source).save()
        save_pipeline(definition(), connector=connector)
        return run_pipeline(NAME, {"source": source.id, "project": project.id}, connector=connector)


def _followed(run: Run, *, quiet: bool) -> RunDetails:
    """The run, once it is over; its steps are told on the way."""
    with listening(not quiet) as report:
        while True:
            found = details(run.id)
            done = sum(step.state == RunState.SUCCEEDED for step in found.steps)
            working = [step.name for step in found.steps if step.state == RunState.RUNNING]
            report(", ".join(working) or "Waiting", done, len(found.steps))
            if RunState(found.run.state).is_final:
                return found
            time.sleep(_LOOK_SECONDS)
