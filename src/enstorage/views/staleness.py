"""Changes since an ensemble was rendered: of its members, or of the data that they were made from."""

from collections.abc import Iterator

from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.ensemble_item import EnsembleItem
from enstorage.entity.forecast import Forecast
from enstorage.entity.model import Model
from enstorage.entity.targets import parts_trained_on
from enstorage.instant import to_iso, to_ns


def staleness(ensemble: Ensemble) -> list[str]:
    """See `Ensemble.staleness`."""
    snapshots = {each.id: each for each in ensemble.lineage().records if isinstance(each, DataSnapshot)}
    return [
        *_of_members(ensemble),
        *(sentence for _, snapshot in sorted(snapshots.items()) for sentence in _of_snapshot(snapshot)),
    ]


def _of_members(ensemble: Ensemble) -> list[str]:
    items = ensemble.items()
    labels = ensemble.labels(items)
    changed = [
        f"What rendering wrote of {labels[item.id]} was changed by hand." for item in items if item.changed_by_hand
    ]
    return changed + [sentence for item in items for sentence in _of_member(item)]


def _of_member(item: EnsembleItem) -> Iterator[str]:
    inputs, member = item.rendered_result().inputs, item.member
    if inputs is None:
        return
    if isinstance(member, Ensemble):
        if member.data_csv_id is None or member.data_csv.sha256 != inputs["table"]:
            yield f"{member} was rendered anew."
        yield from (f"In {member}: {sentence}" for sentence in _of_members(member))
    else:
        yield from _of_model(member, inputs["object"], inputs["forecasts"])
        then, now = inputs.get("trained_on"), parts_trained_on(member)
        if then is not None and set(then) != set(now):
            yield (
                f"{member} counted as trained on {_listed(then)}, and counts as trained on {_listed(now)} now: the mark "
                "may be another."
            )


def _of_model(model: Model, object_sha256: str | None, forecasts: dict[str, str]) -> Iterator[str]:
    if model.object_sha256 != object_sha256:
        yield f"{model} was trained anew."
        return
    now = {each.part: each.data_csv.sha256 for each in Forecast.of(model)}
    changed = [part for part in now.keys() | forecasts.keys() if now.get(part) != forecasts.get(part)]
    if changed:
        yield f"{model} has other forecasts for {', '.join(sorted(changed))}."


def _listed(parts: list[str]) -> str:
    return " and ".join(parts) or "nothing"


def _of_snapshot(snapshot: DataSnapshot) -> Iterator[str]:
    result = snapshot.check_result
    if result is not None and not result["same"] and snapshot.checked_at is not None:
        when = to_iso(to_ns(snapshot.checked_at.replace(microsecond=0)))
        yield (
            f"{snapshot.data_source} has other points in the period of {snapshot}: {result['changed_rows']} rows changed, "
            f"the first at {result['first_changed']}, as was found at {when}."
        )
