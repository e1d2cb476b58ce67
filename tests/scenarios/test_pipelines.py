"""Scenarios of the pipeline manager: what is refused when it is saved, versions, archives."""

import pytest

from enorchestrator import (
    PipelineDefinition,
    archive_pipeline,
    find_pipeline,
    list_pipelines,
    run_pipeline,
    save_pipeline,
)
from enorchestrator.dispatch.read import details
from enstorage import DataSource
from enstorage.errors import InvalidInputError, NotFoundError

RENEW = """
name: renew
description: Trains members again and forms their ensemble.
parameters:
  project: {type: project}
  models: {type: "model[]"}
  metric: {type: string, default: mae}
steps:
  fit:
    kind: fit
    for_each: ${models}
    with: {models: ["${each}"], training: {epochs: 3}}
  form:
    kind: form
    with: {project: "${project}", models: "${fit.models}", metric: "${metric}"}
  report:
    kind: report
    with: {ensemble: "${form.ensemble}"}
"""


def changed(old, new):
    assert old in RENEW
    return RENEW.replace(old, new)


def save(text):
    return save_pipeline(PipelineDefinition.read(text))


def test_a_pipeline_in_yaml_is_checked_and_stored(store):
    made = save(RENEW)
    assert (made.name, made.version) == ("renew", 1)
    assert PipelineDefinition.model_validate(find_pipeline("renew").definition).to_json() == made.definition
    assert [each.name for each in list_pipelines()] == ["renew"]
    assert save(RENEW).version == 1


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("kind: report", "kind: print", "steps.report.kind", "The step report: There is no kind of work 'print'"),
        (
            "${form.ensemble}",
            "${fit.models}",
            "steps.report.with.ensemble",
            r"takes ensemble, and \$\{fit.models\} gives model\[\]",
        ),
        ("${form.ensemble}", "${form.page}", "steps.report.with.ensemble", r"expected \$\{form.ensemble\}"),
        ("${form.ensemble}", "${shape.ensemble}", "steps.report", "needs shape, which is no step of the pipeline"),
        (
            "${form.ensemble}",
            "${page}",
            "steps.report.with.ensemble",
            r"expected \$\{project\}, \$\{models\}, \$\{metric\}",
        ),
        (
            'models: "${fit.models}"',
            'models: "${project}"',
            "steps.form.with.models",
            r"takes model\[\], and \$\{project\} gives",
        ),
        ("for_each: ${models}", "for_each: ${project}", "steps.fit.for_each", "expected a reference to a list"),
        ("for_each: ${models}", "for_each: 3 models", "steps.fit.for_each", "expected a reference to a list"),
        ('["${each}"]', '["${project}"]', "steps.fit.with.models", r"takes model, and \$\{project\} gives project"),
        ('project: "${project}", models', "models", "steps.form.with.project", "lacks the argument project of form"),
        (
            "training: {epochs: 3}",
            "training: {epochs: 3}, depth: 3",
            "steps.fit.with.depth",
            "argument depth, which fit does",
        ),
        ("training: {epochs: 3}", "seeds: many", "steps.fit.with.seeds", "seeds of the step fit cannot be used"),
        (
            "type: project",
            "type: house",
            "parameters.project.type",
            "has the type 'house'; expected one of data_source",
        ),
        ("  fit:", "  each:", "each", "stands for the item"),
        ("name: renew", "title: renew", "name", "The pipeline cannot be used: name: Field required"),
        ("kind: fit", "kind: fit\n    retries: -1", "steps.fit.retries", "greater than or equal to 0"),
        (
            "kind: fit",
            "kind: fit\n    resources: {gpu: 1}",
            "steps.fit.resources.gpu",
            "Expected resources with cpus, gpus, memory_mb, disk_mb",
        ),
        (
            "kind: fit",
            "kind: fit\n    retry: 1",
            "steps.fit.retry",
            "Expected a step with .*retries, .*kind, with, may_fail",
        ),
        (
            "name: renew",
            "name: renew\nparams: {}",
            "params",
            "Expected a pipeline with name, description, parameters, st",
        ),
        ("name: renew", f"name: {'[' * 9_000}", "definition", "it is nested too deeply"),
        ("kind: fit", "kind: fit\n    kind: form", "definition", "the key 'kind' stands twice"),
        ("kind: fit", "kind: &a fit\n    needs: [*a]", "definition", "it has an alias"),
        ("kind: fit", "kind: [fit", "definition", "no YAML that can be read"),
        ("name: renew", "name: !!python/object/apply:os.getcwd []", "definition", "no YAML that can be read"),
    ],
)
def test_what_cannot_be_executed_is_refused_when_it_is_saved(store, old, new, field, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        save(changed(old, new))
    assert caught.value.field == field
    assert "\n" not in str(caught.value)
    assert not list_pipelines()


@pytest.mark.parametrize("text", ["", "[]", "3", "null"])
def test_what_is_no_object_is_no_pipeline(text):
    with pytest.raises(
        InvalidInputError, match=r"^The pipeline cannot be used: Input should be an object; received .*name"
    ):
        PipelineDefinition.read(text)


def test_a_pipeline_that_is_changed_during_a_run_is_a_new_version_and_the_run_keeps_the_old_one(
    run, over, executed, at_work, current, tmp_path, eventually
):
    steps = {
        "wait": {"kind": "until", "with": {"folder": "${folder}", "name": "go"}},
        "end": {"kind": "work", "with": {"folder": "${folder}", "name": "old end"}, "needs": ["wait"]},
    }
    first = run(steps, name="changing")
    eventually((tmp_path / "executed").exists)
    steps["end"]["with"]["name"] = "new end"
    second = run(steps, name="changing")
    (tmp_path / "go").touch()
    assert {over(each).run.state for each in (first, second)} == {"succeeded"}
    results = [details(each.id).run.result["end"]["result"] for each in (first, second)]
    assert results == ["old end", "new end"]
    assert find_pipeline("changing").version == 2
    assert first.pipeline_id == find_pipeline("changing", 1).id


def test_an_archived_pipeline_is_neither_listed_nor_run_and_its_runs_keep_it(run, over, at_work, current):
    made = run({"numbers": {"kind": "numbers", "with": {"count": 3}}}, name="leaving")
    archive_pipeline("leaving")
    assert over(made).run.result == {"numbers": {"result": [1, 2, 3]}}
    assert "leaving" not in [each.name for each in list_pipelines()]
    with pytest.raises(NotFoundError, match="There is no pipeline leaving"):
        run_pipeline("leaving", {})
    assert find_pipeline("leaving", 1).id == made.pipeline_id


def test_parameters_are_checked_before_anything_starts(run, current):
    source = DataSource(name="Sun").save()
    step = {"name_of": {"kind": "name_of", "with": {"source": "${source}"}}}
    definition = {
        "name": "typed",
        "parameters": {"source": {"type": "data_source"}, "note": {"type": "string", "default": None}},
        "steps": {each: {**part, "kind": f"scenario_steps:{part['kind']}"} for each, part in step.items()},
    }
    save_pipeline(PipelineDefinition.read(definition))
    for given, field, message in (
        ({}, "source", r"needs the parameter source \(data_source\)"),
        ({"source": "Sun"}, "source", "The parameter source cannot be used"),
        ({"source": 77}, "source", "77"),
        ({"source": source.id, "colour": 1}, "colour", "has no parameter colour; expected source, note"),
        ({"source": source.id, "note": 5}, "note", "Expected string"),
    ):
        with pytest.raises((InvalidInputError, NotFoundError), match=message) as caught:
            run_pipeline("typed", given)
        assert caught.value.field == field


def test_a_step_gets_the_entity_of_an_id(current, over, at_work):
    source = DataSource(name="Moon").save()
    definition = {
        "name": "entities",
        "parameters": {"source": {"type": "data_source"}},
        "steps": {"name_of": {"kind": "scenario_steps:name_of", "with": {"source": "${source}"}}},
    }
    save_pipeline(PipelineDefinition.read(definition))
    assert over(run_pipeline("entities", {"source": source.id})).run.result == {"name_of": {"result": "Moon"}}


def test_only_steps_of_allowed_modules_are_executed(store):
    for kind, message in (
        ("os:getcwd", "none whose code may be executed"),
        ("scenario_steps:note", "has no step note"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            save_pipeline(PipelineDefinition.read({"name": "x", "steps": {"a": {"kind": kind}}}))
