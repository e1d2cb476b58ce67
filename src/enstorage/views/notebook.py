"""The HTML of an ensemble in a notebook."""

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble

_SHOWN = 50


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
    columns = ["", *(["weight"] if has_weights else []), *(f"{measure_name}, {part}" for part in metrics)]
    rows = [
        _row(name, [weight] if has_weights else [], [own["members"][name][measure] for own in metrics.values()])
        for name, weight in list(zip(names, weights, strict=True))[:_SHOWN]
    ]
    if len(names) > _SHOWN:
        rows.append(f"<tr><td colspan='{len(columns)}'>and {len(names) - _SHOWN} more members</td></tr>")
    own = _row("ensemble", [None] if has_weights else [], [own["ensemble"][measure] for own in metrics.values()])
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    fitted = f"fitted on {fit_on} rows" if fit_on else "fits nothing"
    dropped = ensemble.dropped()
    without = f"; left out: {escape(', '.join(dropped))}" if dropped else ""
    warnings = "".join(f"<br>{escape(warning)}" for warning in ensemble.warnings())
    return (
        f"<div>{head}<br>{escape(ensemble.method)}, {escape(fitted)}, <b>{escape(ensemble.shown_mark())}</b>; "
        f"{alignment['common']} common targets{without}{warnings}"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}<tr style='font-weight:bold'>{own[4:]}</tbody></table>"
        "</div>"
    )


def _row(name: str, weights: list[Any], errors: list[float]) -> str:
    cells = ["" if weight is None else f"{weight:.4f}" for weight in weights] + [f"{error:.5g}" for error in errors]
    return f"<tr><th style='text-align:left'>{escape(name)}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
