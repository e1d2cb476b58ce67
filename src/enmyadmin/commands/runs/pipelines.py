"""The commands `pipeline …`: create, list, show, edit, delete, run."""

import json
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.text_file import read_text_file
from enmyadmin.commands.access import person
from enmyadmin.output import Json, print_json, print_line, print_table, shortened
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enorchestrator.pipeline.definition import PipelineDefinition
    from enstorage.ledger import Pipeline

Name = Annotated[str, typer.Argument(help="Name of the pipeline.", metavar="NAME", show_default=False)]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--with", help="A parameter; the value is JSON or a text.", metavar="NAME=VALUE", show_default=False),
]
Priority = Annotated[int, typer.Option(min=-100, max=100, help="Runs of a higher one start first.")]
Version = Annotated[int | None, typer.Option(min=1, help="The latest one by default.", show_default=False)]


def create(
    file: Annotated[
        str | None,
        typer.Argument(help="File in YAML or JSON, or - for standard input.", metavar="FILE", show_default=False),
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Name of one, such as forecast, retrain or watch.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the pipeline, with --pattern.", show_default=False)] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Save a pipeline, or the next version of one.

    A pattern is a pipeline that is written already: enstorage pipeline create --pattern retrain --name weekly

    Example: enstorage pipeline create nightly.yaml
    """
    from enorchestrator.pipeline.definition import MOST_BYTES, PipelineDefinition
    from enorchestrator.pipeline.patterns import from_pattern

    if (file is None) == (pattern is None):
        raise InvalidInputError("Expected a FILE, or --pattern and --name. Give one of them.", field="file")
    if pattern is not None:
        definition = from_pattern(pattern, name or pattern)
    else:
        assert file is not None  # noqa: S101 - see above
        definition = PipelineDefinition.read(read_text_file(file, MOST_BYTES))
    _save(definition, store, as_json=as_json)


def list_pipelines(store: Store = None, as_json: Json = False) -> None:
    """List the latest version of each pipeline.

    Example: enstorage pipeline list
    """
    from enorchestrator.pipeline.manager import list_pipelines as read_pipelines

    found = read_pipelines(connector=open_store(store))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    heads = ["name", "version", "steps", "saved", "by", "description"]
    rows = [
        [
            each.name,
            each.version,
            len(each.definition["steps"]),
            each.created_at,
            each.created_by,
            shortened(each.description),
        ]
        for each in found
    ]
    print_table(heads, rows) if rows else print_line("There are no pipelines. Save one: enstorage pipeline create FILE")


def show(name: Name, version: Version = None, store: Store = None, as_json: Json = False) -> None:
    """Show the parameters and steps of a pipeline.

    Example: enstorage pipeline show nightly
    """
    from enorchestrator.pipeline.definition import PipelineDefinition
    from enorchestrator.pipeline.manager import find_pipeline

    found = find_pipeline(name, version, connector=open_store(store))
    if as_json:
        print_json(_as_json(found))
        return
    definition = PipelineDefinition.model_validate(found.definition)
    print_line(f"{found.name}, version {found.version}. {found.description}".rstrip())
    if definition.parameters:
        rows = [
            [each, parameter.type, "required" if parameter.is_required else json.dumps(parameter.default)]
            for each, parameter in definition.parameters.items()
        ]
        print_table(["parameter", "type", "default"], rows)
    print_table(
        ["step", "kind", "for each", "needs"],
        [
            [each, step.kind, step.for_each, ", ".join(dict.fromkeys(step.needed()))]
            for each, step in definition.steps.items()
        ],
    )


def edit(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Change a pipeline in an editor, as its next version.

    The editor is the one that VISUAL or EDITOR names.

    Example: enstorage pipeline edit nightly
    """
    import yaml

    from enorchestrator.pipeline.definition import PipelineDefinition
    from enorchestrator.pipeline.manager import find_pipeline

    found = find_pipeline(name, connector=open_store(store))
    before = yaml.safe_dump(found.definition, sort_keys=False, allow_unicode=True)
    text = _edited(before)
    if text == before:
        print_line("Nothing was changed.")
        return
    _save(PipelineDefinition.read(text), store, as_json=as_json)


def delete(name: Name, store: Store = None) -> None:
    """Archive a pipeline, which its runs keep.

    It is no longer listed; saving it again brings it back.

    Example: enstorage pipeline delete nightly
    """
    from enorchestrator.pipeline.manager import archive_pipeline

    archive_pipeline(name, connector=open_store(store))
    print_line(f"The pipeline {name} is archived.")


def run(
    name: Name,
    parameters: Parameters = None,
    version: Version = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same key is the same run.", show_default=False)
    ] = None,
    priority: Priority = 0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Ask servers of the store for a run of a pipeline.

    Example: enstorage pipeline run nightly --with metric=mae
    """
    from enorchestrator.pipeline.submit import run_pipeline

    made = run_pipeline(
        name,
        read_parameters(parameters),
        version=version,
        key=key,
        created_by=person(),
        priority=priority,
        connector=open_store(store),
    )
    if as_json:
        print_json({"id": made.id, "state": made.state, "pipeline_id": made.pipeline_id})
    else:
        print_line(f"Run {made.id} of {name} waits. Follow it: enstorage run follow {made.id}")


def read_parameters(given: list[str] | None) -> dict[str, Any]:
    """The parameters of texts such as `metric=mae`."""
    return dict(map(_parameter, given or ()))


def _edited(text: str) -> str:
    """The text as the user left it in the editor."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="enstorage-") as folder:
        file = Path(folder) / "pipeline.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*editor, str(file)], check=True)  # noqa: S603 - the editor of the user
        except (OSError, subprocess.CalledProcessError) as error:
            raise InvalidInputError(
                f"The editor {editor[0]} cannot be used: {error}. Nothing was changed. Name another one in EDITOR."
            ) from None
        return file.read_text(encoding="utf-8")


def _save(definition: "PipelineDefinition", store: Path | None, *, as_json: bool) -> None:
    from enorchestrator.pipeline.manager import save_pipeline

    made = save_pipeline(definition, created_by=person(), connector=open_store(store))
    print_json(_as_json(made)) if as_json else print_line(f"Saved the pipeline {made.name}, version {made.version}.")


def _parameter(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInputError(f"--with is {text!r:.60}; expected NAME=VALUE. Correct it.", field="with")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _as_json(pipeline: "Pipeline") -> dict[str, Any]:
    names = ("id", "name", "version", "description", "definition", "created_by", "created_at")
    return {name: getattr(pipeline, name) for name in names}
