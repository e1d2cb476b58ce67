"""The HTML of an ensemble in a notebook."""

from html import escape
from typing import TYPE_CHECKING, Any

from enstorage.metrics.catalogue import METRICS, measure_all
from enstorage.metrics.judged import Judged
from enstorage.preparation.split import PARTS, Part

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble

_SHOWN = 50
_SCALED = tuple(METRICS[name] for name in ("mae", "mase"))


def ensemble_html(ensemble: "Ensemble") -> str:
    """A short table: the members with their weights and errors by part, then the ensemble, and the mark of the fit."""
    head = f"<b>{escape(ensemble.name)}</b> <span>Ensemble {'new' if ensemble.id is None else ensemble.id}</span>"
    if ensemble.result is None:
        return f"<div>{head}<br>Not rendered yet: <code>endirector.Conductor(ensemble).render()</code></div>"
    from enstorage.entity.ensemble_result import judged_by

    metrics, alignment = ensemble.metrics(), ensemble.alignment()
    names, fit_on = list(alignment["lost"]), ensemble.rendered_result().fit_on
    weights = [item.rendered_result().weight for item in ensemble.items() if item.dropped is None]
    has_weights = any(weight is not None for weight in weights)
    measure, measure_name = judged_by(metrics)
    judged = next(part for part in reversed(PARTS) if part in metrics)
    scaled = _scaled_errors(ensemble, judged)
    others = [f"{METRICS[name].label}, {judged}" for name in scaled]
    columns = ["", *(["weight"] if has_weights else []), *(f"{measure_name}, {part}" for part in metrics), *others]
    rows = [
        _row(
            name,
            [weight] if has_weights else [],
            [own["members"][name][measure] for own in metrics.values()] + [own[place] for own in scaled.values()],
        )
        for place, (name, weight) in enumerate(list(zip(names, weights, strict=True))[:_SHOWN])
    ]
    if len(names) > _SHOWN:
        rows.append(f"<tr><td colspan='{len(columns)}'>and {len(names) - _SHOWN} more members</td></tr>")
    errors = [own["ensemble"][measure] for own in metrics.values()] + [own[-1] for own in scaled.values()]
    own = _row("ensemble", [None] if has_weights else [], errors)
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    fitted = f"fitted on {fit_on} rows" if fit_on else "fits nothing"
    dropped = ensemble.dropped()
    without = f"; left out: {escape(', '.join(dropped))}" if dropped else ""
    notes = "".join(f"<br>{escape(note)}" for note in [*ensemble.remarks(), *ensemble.warnings()])
    return (
        f"<div>{head}<br>{escape(ensemble.method)}, {escape(fitted)}, <b>{escape(ensemble.shown_mark())}</b>; "
        f"{alignment['common']} common targets{without}{notes}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}<tr style='font-weight:bold'>{own[4:]}</tbody></table>"
        "</div>"
    )


def _scaled_errors(ensemble: "Ensemble", part: str) -> dict[str, list[float]]:
    """MAE and MASE on a part, of each member and then of the ensemble; without those that have no value for one of them."""
    from enstorage.entity.ensemble_members import classes_of
    from enstorage.views.scales import scales_of

    models = ensemble.models()
    if classes_of(models) is not None:
        return {}
    table = ensemble.table().drop_nulls("ensemble")
    rows = table.filter(table["part"] == Part.of(part))
    series, truth = rows["series"].to_numpy(), rows["truth"].to_numpy()
    scales = scales_of(models, series)
    columns = [*(name for name in rows.columns if name.startswith("member_")), "ensemble"]
    measured = [measure_all(_SCALED, Judged(truth, rows[column].to_numpy(), series, scales))[0] for column in columns]
    names = [metric.name for metric in _SCALED if all(metric.name in each for each in measured)]
    return {name: [each[name] for each in measured] for name in names}


def _row(name: str, weights: list[Any], errors: list[float]) -> str:
    cells = ["" if weight is None else f"{weight:.4f}" for weight in weights] + [f"{error:.5g}" for error in errors]
    return f"<tr><th style='text-align:left'>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
