"""Commands that check and describe a rendered ensemble: leaderboard, diagnose, calibrate, report, verify, remake."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.interval_ends import IntervalSide, floor_of
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import EnsembleWords, described, find_ensemble, find_records
from enmyadmin.output import Json, Language, Quiet, print_json, print_line, print_table

if TYPE_CHECKING:
    from endirector.rendering.remake import Side
    from enstorage.connector import Connector
    from entrainer import Remade

#: Columns of a leaderboard that are no metrics.
_HEADS = ("step", "rank", "name", "rows")
_SAME = "Every bit is the same."
_DIFFERENCE = "Difference: the largest of all forecasts, then and now."


def leaderboard(
    ensemble: EnsembleWords,
    metric: Annotated[
        str | None,
        typer.Option(
            help="To sort by, such as mase, rmsse, smape, wql or coverage_0.8; by default mase, else rmse.",
            show_default=False,
        ),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="train, valid or test; by default the last one.", show_default=False)
    ] = None,
    by_step: Annotated[bool, typer.Option("--by-step", help="Measure each forecast step by itself.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Rank an ensemble and its members by a metric.

    All metrics that have a value are shown, on measured targets only.

    Example: enstorage leaderboard 1 --metric mase --part test
    """
    import endirector
    from enstorage.metrics.catalogue import find_metric

    chosen = find_ensemble(ensemble, open_store(store))
    board = endirector.leaderboard(chosen, metric, part, by_step=by_step)
    if as_json:
        facts = {"ensemble": chosen.id, "part": board.part, "metric": board.metric, "mark": chosen.mark()}
        reasons = {"undefined": dict(board.undefined), "remarks": list(board.remarks)}
        print_json(facts | {"claims": chosen.claims(), "rows": board.table.to_dicts()} | reasons)
        return
    table = board.table.drop("is_ensemble")
    heads = [name if name in _HEADS else find_metric(name).label for name in table.columns]
    print_table(heads, [list(row) for row in table.rows()], title=f"{board.part}, by {find_metric(board.metric).label}")
    by_reason: dict[str, list[str]] = {}
    for name, reason in board.undefined.items():
        by_reason.setdefault(reason, []).append(find_metric(name).label)
    for reason, labels in by_reason.items():
        print_line(f"No {', '.join(labels)}: {reason}")
    for remark in board.remarks:
        print_line(remark)
    print_line(f"Fitted {chosen.shown_mark()}.")
    for warning in chosen.warnings():
        print_line(f"Warning: {warning}")


def diagnose(ensemble: EnsembleWords, store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Measure the contribution of each member.

    It suggests which members to leave out.

    Example: enstorage diagnose 1
    """
    import endirector

    chosen = find_ensemble(ensemble, open_store(store))
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
    print_line(f"Leave out: {drop}." if drop else "Leave out no member.")
    doubt = "" if suggestion["trustworthy"] else " Do not rely on this."
    decided = f"Decided on {suggestion['rows']} {suggestion['decided_on']} rows. " if suggestion["decided_on"] else ""
    print_line(f"{decided}{suggestion['reason']}{doubt} Fitted {chosen.shown_mark()}.")


def calibrate(
    ensemble: EnsembleWords,
    level: Annotated[
        list[float] | None,
        typer.Option(
            help="Of an interval, such as 0.95; may be repeated; by default 0.8 and 0.95.", show_default=False
        ),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Also for steps ahead up to this one.", show_default=False)
    ] = None,
    side: Annotated[IntervalSide, typer.Option(help="The ends of the intervals.")] = IntervalSide.BOTH,
    floor: Annotated[
        str, typer.Option(help="Value that no end is below; none; or found: 0 for a series never below 0.")
    ] = "found",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Calibrate prediction intervals of an ensemble.

    The table shows what is added to the forecast for each end, and how often they cover the values of test rows.

    Example: enstorage calibrate 1 --level 0.9
    """
    import endirector
    from endirector.forecasting.calibrate import LEVELS

    found = find_ensemble(ensemble, open_store(store))
    progress = not (quiet or as_json)
    intervals = endirector.calibrate(
        found, level or LEVELS, horizon=horizon, side=side.value, floor=floor_of(floor), progress=progress
    )
    if as_json:
        print_json(intervals.to_dicts())
        return
    has_sides = (intervals["side"] != "both").any()
    heads = [
        "step",
        "level",
        *(["side"] if has_sides else []),
        "basis",
        "rows",
        "lower",
        "upper",
        "coverage",
        "test_rows",
    ]
    shown = [{**row, "level": f"{row['level']:g}"} for row in intervals.to_dicts()]
    print_table(heads, [[row[name] for name in heads] for row in shown])
    floors = intervals["floor"].drop_nulls().to_list()
    if floors:
        print_line(f"No end is below {floors[0]:g}: the value given, or 0 where no measured train value is below 0.")


def report(
    ensemble: EnsembleWords,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A .html file, or a folder; by default ensemble-ID.html here.", show_default=False),
    ] = None,
    language: Language = "en",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a report of an ensemble as one HTML page.

    It shows errors, weights, intervals, the diagnosis, and the origins of the ensemble.

    Example: enstorage report 1 --out report.html
    """
    import endirector
    from enstorage.writing import is_standard_output

    found = find_ensemble(ensemble, open_store(store))
    place, progress = out or Path(f"ensemble-{found.id}.html"), not (quiet or as_json)
    written = endirector.report(found, place, language=language, progress=progress)
    err = written.path is not None and is_standard_output(written.path)
    if as_json:
        suggestion = found.diagnosis()["suggestion"]
        mark = {"mark": found.mark(), "claims": found.claims()}
        print_json({"ensemble": found.id, "path": str(written.path), **mark, "suggestion": suggestion}, err=err)
    else:
        print_line(f"Wrote the report of {described(found)} to {written.path}.", err=err)


def verify(ensemble: EnsembleWords, store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Render an ensemble again and compare every number.

    Nothing is changed. The exit status is 1 if a number differs, or if stored forecasts of a member are not those of its
    object.

    Example: enstorage verify 1
    """
    from endirector import Conductor

    found = find_ensemble(ensemble, open_store(store))
    verified = Conductor(found).verify(progress=not (quiet or as_json))
    stale = found.staleness()
    if as_json:
        facts = {"demanded": verified.demanded, "numbers": verified.numbers, "stale": stale}
        facts["not_recomputed"] = dict(verified.not_recomputed)
        facts["different"] = [asdict(each) for each in verified.different]
        print_json({**facts, "largest_difference": verified.largest_difference})
    else:
        print_line(
            f"Verified {described(found)}: all {verified.numbers} numbers agree (required: {verified.demanded}; largest "
            f"difference: {verified.largest_difference:.3g})."
        )
        for each in verified.different:
            print_line(f"Different: {each}")
        for name, reason in verified.not_recomputed.items():
            print_line(f"{name} did not forecast again; its stored forecasts were used. {reason}")
        for change in stale:
            print_line(f"Warning: Not up to date: {change}")
    if verified.different:
        raise typer.Exit(1)


def remake(
    words: Annotated[
        list[str],
        typer.Argument(
            help="Id or name of an ensemble; or the word model, and ids or names of models.", metavar="ENSEMBLE"
        ),
    ],
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train members or models again, and compare.

    They are trained from stored data, specifications and seeds. Nothing is changed.

    Example: enstorage remake 1
    """
    connector, progress = open_store(store), not (quiet or as_json)
    if len(words) > 1 and words[0].lower() in ("model", "models"):
        _remake_models(words[1:], connector, progress=progress, as_json=as_json)
        return
    import endirector

    remaking = endirector.remake(find_ensemble(words, connector), progress=progress)
    if as_json:
        print_json(remaking.to_json())
        return
    parts = list(remaking.ensemble.rmse)
    heads = ["RMSE then → now", "difference", *parts]
    print_table(heads, [_side(side, parts) for side in (*remaking.members, remaking.ensemble)])
    for side in remaking.members:
        if side.reason is not None:
            print_line(f"{side.name} was not trained again; its stored forecasts were taken. {side.reason}")
    print_line(_SAME if remaking.same else _DIFFERENCE)


def _remake_models(references: list[str], connector: "Connector", *, progress: bool, as_json: bool) -> None:
    import entrainer
    from enstorage import Model

    remade = entrainer.remake(find_records(Model, references, connector), progress=progress)
    rows = [[each.model.id, each.model.name, _largest_difference(each), each.reason] for each in remade]
    if as_json:
        print_json([dict(zip(("id", "name", "largest_difference", "reason"), row, strict=True)) for row in rows])
        return
    print_table(
        ["id", "model", "difference"], [[*row[:2], None if row[2] is None else f"{row[2]:.3g}"] for row in rows]
    )
    for _, name, _, reason in rows:
        if reason is not None:
            print_line(f"{name} was not trained again. {reason}")
    print_line(_SAME if all(row[2] == 0 for row in rows) else _DIFFERENCE)


def _largest_difference(remade: "Remade") -> float | None:
    """The largest difference of the stored and the new forecasts; None for a model that was not trained again."""
    if remade.forecasts is None:
        return None
    key = ["part", "series", "id", "step", "quantile"]
    pairs = remade.model.forecasts().join(remade.forecasts, on=key, nulls_equal=True, suffix="_again")
    largest = (pairs["value"] - pairs["value_again"]).abs().max()
    return None if largest is None else float(largest)  # type: ignore[arg-type]


def _without(facts: dict[str, Any], name: str) -> tuple[Any, Any]:
    """The error of the ensemble without a member, and how much larger that is."""
    left_out = facts["leave_one_out"]
    return (None, None) if left_out is None else (left_out[name]["error"], left_out[name]["change"])


def _side(side: "Side", parts: list[str]) -> list[Any]:
    then_and_now = [" → ".join(f"{value:.5g}" for value in side.rmse[part]) for part in parts]
    return [side.name, None if side.reason is not None else f"{side.largest_difference:.3g}", *then_and_now]
