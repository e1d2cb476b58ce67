"""Scenarios of pipelines that are written in Python or come from patterns: the same definition as in YAML."""

import pytest
from scenario_graphs import states
from scenario_steps import square, squares

from enorchestrator import PipelineDefinition, from_pattern, list_pipelines, save_pipeline
from enorchestrator.pipeline.check import check_pipeline
from enorchestrator.pipeline.patterns import PATTERNS
from enorchestrator.python import add_step, pipeline
from enstorage import Ensemble, Model, Project
from enstorage.errors import InvalidInputError

SQUARES = """
name: squares
description: Squares of numbers, side by side, and their sum.
parameters:
  folder: {type: string}
  count: {type: integer}
  power: {type: number, default: 2.0}
steps:
  numbers: {kind: "scenario_steps:numbers", with: {count: "${count}"}}
  square:
    kind: scenario_steps:square
    for_each: ${numbers.result}
    with: {folder: "${folder}", number: "${each}"}
  total: {kind: "scenario_steps:total", with: {folder: "${folder}", values: "${square.result}"}}
  last: {kind: "scenario_steps:work", with: {folder: "${folder}", name: last}, needs: [total]}
"""


def test_a_function_makes_the_same_definition_as_yaml_and_runs(current, at_work, over, executed, tmp_path):
    assert squares.definition.to_json() == PipelineDefinition.read(SQUARES).to_json()
    made = squares.save(connector=current)
    assert save_pipeline(PipelineDefinition.read(SQUARES), connector=current).version == made.version
    found = over(squares.run(folder=str(tmp_path), count=3, connector=current))
    whole = {name: state for name, state in states(found).items() if "[" not in name}
    assert whole == dict.fromkeys(("numbers", "square", "total", "last"), "succeeded")
    lines = executed()
    assert sorted(lines[:3]) == ["square 1", "square 2", "square 3"]
    assert lines[3:] == ["total of 3", "last"]
    assert square(str(tmp_path), 4) == 16  # outside of a pipeline it is a function as before


def test_the_signature_gives_the_ports():
    @pipeline
    def renew(project: Project, models: list[Model], ensemble: Ensemble | None = None, metric: str = "mae"):
        formed = add_step("form", project=project, models=models, metric=metric)
        add_step("report", ensemble=formed.ensemble)
        add_step("report", ensemble=ensemble, may_fail=True, retries=1, timeout_seconds=5)

    told = renew.definition.to_json()
    types = [(name, each["type"]) for name, each in told["parameters"].items()]
    assert types == [("project", "project"), ("models", "model[]"), ("ensemble", "ensemble"), ("metric", "string")]
    assert list(told["steps"]) == ["form", "report", "report_2"]
    second = {"kind": "report", "with": {"ensemble": "${ensemble}"}, "may_fail": True, "retries": 1}
    assert told["steps"]["report_2"] == second | {"timeout_seconds": 5}
    renew.check()


def test_ports_that_do_not_fit_are_refused_before_anything_is_stored(current):
    @pipeline
    def wrong(models: list[Model]):
        add_step("report", ensemble=models)

    before = [each.name for each in list_pipelines(connector=current)]
    with pytest.raises(InvalidInputError) as refused:
        wrong.save(connector=current)
    assert refused.value.field == "steps.report.with.ensemble"
    assert [each.name for each in list_pipelines(connector=current)] == before


def written(body):
    def function(project: Project, count: int):
        body(project, count)

    return lambda: pipeline(function)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda project, count: [add_step("check") for _ in count], "is not known while the pipeline is written"),
        (lambda project, count: add_step("check") if count else None, "is not known while the pipeline is written"),
        (lambda project, count: add_step("print"), "There is no kind of work 'print'"),
        (
            lambda project, count: add_step("report", ensemble=add_step("export_bundle", project=project)),
            "its outputs are project, file. Name one, such as export_bundle.project.",
        ),
        (lambda project, count: None, "steps: Field required"),
    ],
)
def test_a_function_that_cannot_be_a_pipeline_is_refused(body, message):
    with pytest.raises(InvalidInputError, match=message):
        written(body)()


def test_a_step_outside_of_a_pipeline_is_refused():
    with pytest.raises(InvalidInputError, match="outside of a pipeline"):
        add_step("check")


@pytest.mark.parametrize("name", PATTERNS)
def test_each_pattern_is_a_pipeline_under_a_name_of_ones_own(current, name):
    made = save_pipeline(from_pattern(name, f"my {name}"), connector=current)
    assert (made.name, made.version) == (f"my {name}", 1)
    assert made.description == PATTERNS[name].description
    check_pipeline(PipelineDefinition.read(PATTERNS[name].text(name)))


def test_an_unknown_pattern_is_refused():
    with pytest.raises(InvalidInputError, match="There is no pattern 'magic'; expected one of forecast") as refused:
        from_pattern("magic", "x")
    assert refused.value.field == "pattern"
