"""Commands about ensembles: whether one comes out again, and what becomes of it when everything is trained anew."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.commands.opening import Store, open_store
from enmyadmin.output import Json, print_json, print_table
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from endirector.rendering.remake import Side
    from enstorage import Ensemble

Kind = Annotated[str, typer.Argument(help="The word ensemble.", metavar="ENTITY")]
Id = Annotated[int, typer.Argument(help="Of the ensemble, as `enstorage list ensemble` shows.", metavar="ID")]


def verify(entity: Kind, id: Id, store: Store = None, as_json: Json = False) -> None:
    """Render an ensemble again from what is stored and compare every number; nothing is changed."""
    from endirector import Conductor

    ensemble = ensemble_of(entity, id, store)
    verified = Conductor(ensemble).verify(progress=not as_json)
    stale = ensemble.staleness()
    if as_json:
        told = {"demanded": verified.demanded, "numbers": verified.numbers, "stale": stale}
        print_json({**told, "largest_difference": verified.largest_difference})
        return
    typer.echo(
        f"{ensemble} came out again: {verified.numbers} numbers, {verified.demanded} demanded, largest difference "
        f"{verified.largest_difference:.3g}."
    )
    for each in stale:
        typer.echo(f"Warning: Not up to date: {each}")


def remake(entity: Kind, id: Id, store: Store = None, as_json: Json = False) -> None:
    """Train all members of an ensemble again from stored data, specifications and seeds, and show the difference."""
    import endirector

    ensemble = ensemble_of(entity, id, store)
    remaking = endirector.remake(ensemble, progress=not as_json)
    if as_json:
        print_json(remaking.to_json())
        return
    parts = list(remaking.ensemble.rmse)
    heads = ["RMSE then → now", "difference", *parts]
    print_table(heads, [_row(side, parts) for side in (*remaking.members, remaking.ensemble)])
    for side in remaking.members:
        if side.reason is not None:
            typer.echo(f"{side.name} was not trained again; its stored forecasts were taken. {side.reason}")
    typer.echo("Every bit is the same." if remaking.same else "Difference: the largest of all forecasts, then and now.")


def ensemble_of(entity: str, id: int, store: Any) -> "Ensemble":
    """The ensemble that a command is about.

    Raises:
        InvalidInputError: it is to be about something else.
        NotFoundError: there is no such ensemble.
    """
    from enstorage import Ensemble

    if entity.lower() not in ("ensemble", "ensembles"):
        raise InvalidInputError(f"This is done to an ensemble; received {entity!r}. Write: ensemble {id}.")
    return Ensemble.get(id, connector=open_store(store))


def _row(side: "Side", parts: list[str]) -> list[Any]:
    then_and_now = [" → ".join(f"{value:.5g}" for value in side.rmse[part]) for part in parts]
    return [side.name, None if side.reason is not None else f"{side.largest_difference:.3g}", *then_and_now]
