"""The command `registry renew`."""

from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import person
from enmyadmin.commands.releases.registry import Name
from enmyadmin.output import Json, print_json, print_line


def renew(
    name: Name,
    parts: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Train, valid and test part; by default as before.", show_default=False),
    ] = None,
    recent: Annotated[
        int | None, typer.Option(help="At most so many rows, the latest; by default all.", show_default=False)
    ] = None,
    choose: Annotated[bool, typer.Option("--choose", help="Select method and members anew.")] = False,
    trials: Annotated[int, typer.Option(help="Settings to try for each member that is trained by epochs.")] = 0,
    space: Annotated[
        str | None,
        typer.Option(help="What to try, as JSON; by default around the present settings.", show_default=False),
    ] = None,
    may_promote: Annotated[
        bool, typer.Option("--may-promote", help="Promote it if its evaluation proposes that.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Train the version in production again, and evaluate it.

    It is trained in a store aside, on all points that are there now.

    Example: enstorage registry renew load --parts 0.75 0.15 0.1 --trials 12 --may-promote
    """
    from dataclasses import asdict

    from enmyadmin.arguments.given import read_object
    from enorchestrator import renew as train_again

    found = train_again(
        name,
        parts=parts,
        recent=recent,
        choose=choose,
        trials=trials,
        space=None if space is None else read_object(space, "--space"),
        may_promote=may_promote,
        created_by=person(),
        connector=open_store(store),
    )
    if as_json:
        print_json(asdict(found))
        return
    for remark in (*found.remarks, *found.tuned):
        print_line(remark)
    print_line(f"Version {found.version} of {name}: {found.evaluation}, proposed {found.proposal}, {found.decision}.")
