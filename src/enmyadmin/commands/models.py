"""Commands about models: evaluate, export-model, import-model, tensorboard."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, find_record, find_records
from enmyadmin.output import Json, counted, print_json, print_line, print_table


def evaluate(
    ids: Annotated[list[str], typer.Argument(help="Ids or names of models.", metavar="MODEL")],
    part: Annotated[str, typer.Option(help="train, valid or test.")] = "test",
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Such as mae, mase, smape or accuracy; may be repeated; by default those of the training.",
            show_default=False,
        ),
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Measure loss and metrics of models on one part.

    They are kept as the fact evaluation. Losses are in the prepared scale, mase, smape and their like in source units.

    Example: enstorage evaluate 1 --part test --metric mae
    """
    import entrainer
    from enstorage import Model

    chosen = find_records(Model, ids, open_store(store))
    found = [entrainer.evaluate(model, part, metric) for model in chosen]
    if as_json:
        print_json(
            [
                {"id": model.id, "name": model.name, "part": part, **own}
                for model, own in zip(chosen, found, strict=True)
            ]
        )
        return
    heads = list(dict.fromkeys(name for own in found for name in own))
    rows = [[model.id, model.name, *map(own.get, heads)] for model, own in zip(chosen, found, strict=True)]
    print_table(["id", "model", *heads], rows, title=part)


def export_model(
    id: Annotated[str, typer.Argument(help="Id or name of the model.")],
    folder: Annotated[Path, typer.Argument(help="A new folder to write to.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the folder if a model was exported to it.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Export a trained model to files that other programs read.

    These are Keras, safetensors, skops and ONNX files.

    Example: enstorage export-model 1 line
    """
    from enstorage import Model

    model = find_record(Model, id, open_store(store))
    exported = model.export(folder, overwrite=overwrite)
    if as_json:
        print_json({"folder": str(folder), "files": exported.files, "left_out": exported.left_out})
        return
    print_table(["file", "bytes"], [[name, size] for name, size in exported.files.items()])
    for name, reason in exported.left_out.items():
        print_line(f"Without {name}: {reason}")
    print_line(f"Wrote {described(model)} to {folder}.")


def import_model(
    path: Annotated[Path, typer.Argument(help="A folder of `enstorage export-model`; a .keras, .skops or .onnx file.")],
    research: Annotated[str, typer.Option(help="Id or name of the research that it will belong to.")],
    name: Annotated[str | None, typer.Option(help="Its name; by default its former name.")] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Import a model from files.

    No code from the files is run.

    Example: enstorage import-model line --research 1
    """
    from enstorage import Research

    model = find_record(Research, research, open_store(store)).import_model(path, name)
    if as_json:
        print_json({"path": str(path), "model": model.as_dictionary()})
    else:
        print_line(f"Imported {described(model)}.")


def tensorboard(
    ids: Annotated[list[str], typer.Argument(help="Ids or names of models.", metavar="MODEL")],
    folder: Annotated[Path, typer.Option(help="Folder to write to, for tensorboard --logdir.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write curves, facts and graphs of models for TensorBoard.

    Example: enstorage tensorboard 1 2 --folder runs
    """
    from enstorage import Model
    from entrainer import write_tensorboard

    runs = write_tensorboard(find_records(Model, ids, open_store(store)), folder)
    if as_json:
        print_json({"runs": [str(run) for run in runs]})
    else:
        print_line(f"Wrote {counted(len(runs), 'run')}. Look at them with: tensorboard --logdir {folder}")
