"""Commands that build ensembles: render, form, what-if."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.given import read_object
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import (
    EnsembleWords,
    described,
    described_first,
    find_ensemble,
    find_record,
    find_records,
)
from enmyadmin.output import Json, Quiet, print_json, print_line, print_table
from enmyadmin.rendered import print_rendered
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from endirector import Choice
    from endirector.combination.combine import Combined
    from enstorage import Ensemble


def render(
    ensemble: EnsembleWords,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse if a member fails; else it is left out.")] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Build an ensemble from the forecasts of its members.

    Weights, forecasts and errors are kept.

    Example: enstorage render 1
    """
    from endirector import Conductor

    found = find_ensemble(ensemble, open_store(store))
    rendered = Conductor(found).render(strict=strict, progress=not (quiet or as_json))
    if as_json:
        print_json(_as_json(rendered))
        return
    print_line(f"Rendered {described(rendered)}.")
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
    metric: Annotated[
        str, typer.Option(help="To go by, such as mse, mae, mase, rmsse, smape, wql or coverage_0.8.")
    ] = "mse",
    name: Annotated[str | None, typer.Option(help="Of the ensemble.", show_default=False)] = None,
    folds: Annotated[int, typer.Option(min=1, help="Of the backtest of candidates without one.")] = 5,
    horizon: Annotated[
        int | None,
        typer.Option(min=1, help="Steps of that backtest; by default those of the data sets.", show_default=False),
    ] = None,
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
        horizon=horizon,
        progress=not (quiet or as_json),
    )
    if as_json:
        print_json(_as_json(formed))
        return
    print_line(f"Formed {described(formed)}.")
    print_rendered(formed)


def what_if(
    ensemble: EnsembleWords,
    without: Annotated[
        list[str] | None,
        typer.Option(help="A member to leave out: its name, or the id of its model.", show_default=False),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="Another method, such as voting or stacking.", show_default=False)
    ] = None,
    metamodel: Annotated[str | None, typer.Option(help="Another metamodel, such as Ridge.", show_default=False)] = None,
    parameters: Annotated[
        str | None, typer.Option(help="Of the method, as a JSON object.", metavar="JSON", show_default=False)
    ] = None,
    fit_on: Annotated[str | None, typer.Option(help="train, valid or out_of_fold.", show_default=False)] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Combine an ensemble in another way, and compare.

    Stored forecasts are combined again: no model is trained, and nothing is stored.

    Example: enstorage what-if 1 --without 2 --method voting
    """
    import endirector
    from enstorage.metrics.catalogue import find_metric

    found = find_ensemble(ensemble, open_store(store))
    left_out = [_member_name(found, each) for each in without or []]
    given = None if parameters is None else read_object(parameters, "--parameters")
    combined = endirector.what_if(
        found, without=left_out, method=method, metamodel=metamodel, parameters=given, fit_on=fit_on
    )
    compared = _compared(found, combined)
    names = [name for name in found.alignment()["lost"] if name not in left_out]
    weights = combined.combination.weights
    shown = None if weights is None else dict(zip(names, map(float, weights), strict=True))
    if as_json:
        print_json({"ensemble": found.id, "fit_on": combined.fit_on, "weights": shown, "parts": compared})
        return
    fitted = "Nothing is fitted" if combined.fit_on is None else f"Fitted on {combined.fit_on} rows"
    print_line(f"{fitted}. Errors by part, of the ensemble as it is stored and as it would be:")
    rows = [
        [part, own["rows"], find_metric(name).label, each["stored"], each["what_if"]]
        for part, own in compared.items()
        for name, each in own["errors"].items()
    ]
    print_table(["part", "rows", "metric", "stored", "what if"], rows)
    if shown is not None:
        print_table(["member", "weight"], [[name, weight] for name, weight in shown.items()])
    print_line("Nothing was stored.")


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
        "measured_rows_known": ensemble.measured_rows_known(),
        "alignment": ensemble.alignment(),
        "metrics": ensemble.metrics(),
    }


def _member_name(ensemble: "Ensemble", reference: str) -> str:
    """The name of a member, which is given by that name or by the id of its model or ensemble.

    Raises:
        InvalidInputError: there is no such member.
    """
    labels = ensemble.labels()
    by_id = {str(item.model_id or item.member_id): labels[item.id] for item in reversed(ensemble.items())}
    known = by_id | {name: name for name in labels.values()}
    if reference not in known:
        raise InvalidInputError(
            f"{described_first(ensemble)} has no member {reference!r}; its members are "
            f"{', '.join(labels.values())}. Name one of these."
        )
    return known[reference]


def _compared(ensemble: "Ensemble", combined: "Combined") -> dict[str, dict[str, Any]]:
    """The errors by part and metric, on the same rows, of the stored forecasts and of the new ones.

    A metric that has no value for one of them is left out; `stored` and `what_if` beside `errors` are the RMSE.
    """
    from endirector.combination.kept import stored_forecast
    from enstorage.metrics.catalogue import METRICS, measure_all
    from enstorage.metrics.judged import Judged
    from enstorage.preparation.split import Part
    from enstorage.views.scales import scales_of

    evidence = combined.evidence
    series = evidence.keys["series"].to_numpy()
    scales, metrics = scales_of(ensemble.models(), series), [METRICS[name] for name in _COMPARED]
    forecasts = {"stored": stored_forecast(ensemble, evidence.keys), "what_if": combined.forecast}
    compared: dict[str, dict[str, Any]] = {}
    for part in Part:
        if not (rows := evidence.part == part).any():
            continue
        values = {
            name: measure_all(metrics, Judged(evidence.truth, each, series, scales).only(rows))[0]
            for name, each in forecasts.items()
        }
        shared = [metric.name for metric in metrics if all(metric.name in each for each in values.values())]
        errors = {metric: {name: each[metric] for name, each in values.items()} for metric in shared}
        compared[part.label] = {"rows": int(rows.sum()), **errors["rmse"], "errors": errors}
    return compared


#: Metrics by which a combination is compared with the stored one.
_COMPARED = ("rmse", "mae", "mase", "smape")
