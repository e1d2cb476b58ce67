"""Commands about models: export-model, import-model, tensorboard."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.commands.opening import Store, open_store
from enmyadmin.output import Json, print_json, print_table


def export_model(
    id: Annotated[int, typer.Argument(help="Id of the model.")],
    folder: Annotated[Path, typer.Argument(help="Where to write: a new folder.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the folder if a model was exported to it.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write a trained model as files that other programs read: Keras, safetensors, skops, ONNX."""
    from enstorage import Model

    model = Model.get(id, connector=open_store(store))
    exported = model.export(folder, overwrite=overwrite)
    if as_json:
        print_json({"folder": str(folder), "files": exported.files, "left_out": exported.left_out})
        return
    print_table(["file", "bytes"], [[name, size] for name, size in exported.files.items()])
    for name, reason in exported.left_out.items():
        typer.echo(f"Without {name}: {reason}")
    typer.echo(f"Wrote model {model.id} ({model.name}) to {folder}.")


def import_model(
    path: Annotated[Path, typer.Argument(help="A folder of `enstorage export-model`; a .keras, .skops or .onnx file.")],
    research: Annotated[int, typer.Option(help="Id of the research that it will belong to.")],
    name: Annotated[str | None, typer.Option(help="What to call it; by default as it was called.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Take in a model from files, without running code from them."""
    from enstorage import Research

    model = Research.get(research, connector=open_store(store)).import_model(path, name)
    if as_json:
        print_json({"path": str(path), "model": model.as_dictionary()})
    else:
        typer.echo(f"Model {model.id} ({model.name}) is here.")


def tensorboard(
    ids: Annotated[list[int], typer.Argument(help="Ids of the models.", metavar="ID...")],
    folder: Annotated[Path, typer.Option(help="Where to write, for tensorboard --logdir.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write curves, facts and graphs of models for TensorBoard."""
    from enstorage import Model
    from entrainer import write_tensorboard

    runs = write_tensorboard(Model.get_list(ids, connector=open_store(store)), folder)
    if as_json:
        print_json({"runs": [str(run) for run in runs]})
    else:
        typer.echo(
            f"Wrote {len(runs)} run{'s' if len(runs) > 1 else ''}. Look at them with: tensorboard --logdir {folder}"
        )
