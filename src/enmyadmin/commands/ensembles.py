"""Commands that make ensembles and prove them: render, form, calibrate, diagnose, verify, remake."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.given import read_object
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, find_record, find_records
from enmyadmin.output import Json, Quiet, print_json, print_table
from enmyadmin.rendered import print_rendered
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from endirector import Choice
    from endirector.rendering.remake import Side
    from enstorage import Ensemble

Reference = Annotated[
    list[str], typer.Argument(help="Id or name of an ensemble; the word ensemble may precede it.", metavar="ENSEMBLE")
]


def render(
    ensemble: Reference,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse where a member fails; else it is left out.")] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Build an ensemble from the forecasts of its members.

    Weights, forecasts and errors are kept.

    Example: enstorage render 1
    """
    from endirector import Conductor

    found = find_ensemble(ensemble, store)
    rendered = Conductor(found).render(strict=strict, progress=not (quiet or as_json))
    if as_json:
        print_json(_as_json(rendered))
        return
    typer.echo(f"Rendered {described(rendered)}.")
    print_rendered(rendered)


def form(
    project: Annotated[str, typer.Argument(help="Id or name of a project.", metavar="PROJECT")],
    model: Annotated[
        list[str] | None,
        typer.Option(help="A candidate, may be repeated; by default all models of the project.", show_default=False),
    ] = None,
    ensemble: Annotated[
        list[str] | None, typer.Option(help="A rendered ensemble as candidate, may be repeated.", show_default=False)
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help='To try, may be repeated: a name, or JSON such as \'{"method": "stacking", "metamodel": "Ridge"}\'.',
            show_default=False,
        ),
    ] = None,
    metric: Annotated[str, typer.Option(help="mse or mae.")] = "mse",
    name: Annotated[str | None, typer.Option(help="Of the ensemble.", show_default=False)] = None,
    folds: Annotated[int, typer.Option(min=1, help="Of the backtest of candidates without one.")] = 5,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Select a method and members, and render their ensemble.

    They are compared by out-of-fold forecasts; models without these are trained from rolling origins first.

    Example: enstorage form 1 --method voting --method stacking
    """
    import endirector
    from enstorage import Ensemble, Model, Project

    connector = open_store(store)
    candidates: list[Model | Ensemble] = [
        *find_records(Model, model or [], connector),
        *find_records(Ensemble, ensemble or [], connector),
    ]
    formed = endirector.form(
        find_record(Project, project, connector),
        candidates or None,
        [_choice(each) for each in method] if method else None,
        metric,
        name=name,
        folds=folds,
        progress=not (quiet or as_json),
    )
    if as_json:
        print_json(_as_json(formed))
        return
    typer.echo(f"Formed {described(formed)}.")
    print_rendered(formed)


def calibrate(
    ensemble: Reference,
    level: Annotated[
        list[float] | None,
        typer.Option(
            help="Of an interval, such as 0.95; may be repeated; by default 0.8 and 0.95.", show_default=False
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Also for steps ahead up to this one.", show_default=False)
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Calibrate prediction intervals of an ensemble.

    The table shows their width, and how often they cover the values of test rows.

    Example: enstorage calibrate 1 --level 0.9
    """
    import endirector
    from endirector.forecasting.calibrate import LEVELS

    found = find_ensemble(ensemble, store)
    intervals = endirector.calibrate(found, level or LEVELS, horizon=horizon, progress=not (quiet or as_json))
    if as_json:
        print_json(intervals.to_dicts())
        return
    rows = [[f"{value:g}" if name == "level" else value for name, value in row.items()] for row in intervals.to_dicts()]
    print_table(intervals.columns, rows)


def diagnose(ensemble: Reference, store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Measure what each member adds, and suggest which to leave out.

    Example: enstorage diagnose 1
    """
    import endirector

    chosen = find_ensemble(ensemble, store)
    found = endirector.diagnose(chosen, progress=not (quiet or as_json))
    if as_json:
        print_json({**found, "mark": chosen.mark(), "claims": chosen.claims()})
        return
    for part, facts in found["parts"].items():
        rows = [[name, error, *_without(facts, name)] for name, error in facts["errors"].items()]
        rows.append(["ensemble", facts["error"], None, None])
        print_table(
            ["member", "MSE", "MSE of the ensemble without it", "change"], rows, title=f"{part}, {facts['rows']} rows"
        )
    suggestion = found["suggestion"]
    drop = ", ".join(suggestion["drop"])
    typer.echo(f"Leave out: {drop}." if drop else "Leave out no member.")
    doubt = "" if suggestion["trustworthy"] else " Do not rely on this."
    decided = f"Decided on {suggestion['rows']} {suggestion['decided_on']} rows. " if suggestion["decided_on"] else ""
    typer.echo(f"{decided}{suggestion['reason']}{doubt} Fitted {chosen.shown_mark()}.")


def verify(ensemble: Reference, store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Render an ensemble again and compare every number.

    Nothing is changed.

    Example: enstorage verify 1
    """
    from endirector import Conductor

    found = find_ensemble(ensemble, store)
    verified = Conductor(found).verify(progress=not (quiet or as_json))
    stale = found.staleness()
    if as_json:
        told = {"demanded": verified.demanded, "numbers": verified.numbers, "stale": stale}
        told["not_recomputed"] = dict(verified.not_recomputed)
        print_json({**told, "largest_difference": verified.largest_difference})
        return
    typer.echo(
        f"{found} came out again: {verified.numbers} numbers, {verified.demanded} demanded, largest difference "
        f"{verified.largest_difference:.3g}."
    )
    for name, reason in verified.not_recomputed.items():
        typer.echo(f"{name} did not forecast again; its stored forecasts were taken. {reason}")
    for each in stale:
        typer.echo(f"Warning: Not up to date: {each}")


def remake(ensemble: Reference, store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Train all members of an ensemble again and compare.

    They are trained from stored data, specifications and seeds. Nothing is changed.

    Example: enstorage remake 1
    """
    import endirector

    remaking = endirector.remake(find_ensemble(ensemble, store), progress=not (quiet or as_json))
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


def find_ensemble(words: list[str], store: Any) -> "Ensemble":
    """The ensemble that a command is about: its id or name, also after the word `ensemble`.

    Raises:
        InvalidInputError: it is to be about something else.
        NotFoundError: there is no such ensemble.
    """
    from enstorage import Ensemble

    if len(words) > 2 or (len(words) == 2 and words[0].lower() not in ("ensemble", "ensembles")):
        raise InvalidInputError(
            f"This is done to one ensemble; received {' '.join(words)!r}. Write: ensemble {words[-1]}"
        )
    return find_record(Ensemble, words[-1], open_store(store))


def _choice(text: str) -> "Choice":
    from endirector import Choice

    if not text.lstrip().startswith("{"):
        return Choice(text)
    given = read_object(text, "--method")
    known = {"method", "metamodel", "parameters"}
    if "method" not in given or given.keys() - known:
        raise InvalidInputError(f"--method received {text}; expected a name, or JSON with {', '.join(sorted(known))}.")
    return Choice(**given)


def _as_json(ensemble: "Ensemble") -> dict[str, Any]:
    return {
        **ensemble.as_dictionary(),
        "mark": ensemble.mark(),
        "claims": ensemble.claims(),
        "metrics": ensemble.metrics(),
    }


def _without(facts: dict[str, Any], name: str) -> tuple[Any, Any]:
    """The error of the ensemble without a member, and how much larger that is."""
    left_out = facts["leave_one_out"]
    return (None, None) if left_out is None else (left_out[name]["error"], left_out[name]["change"])


def _row(side: "Side", parts: list[str]) -> list[Any]:
    then_and_now = [" → ".join(f"{value:.5g}" for value in side.rmse[part]) for part in parts]
    return [side.name, None if side.reason is not None else f"{side.largest_difference:.3g}", *then_and_now]
