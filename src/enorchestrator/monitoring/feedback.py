"""Feedback: truths and verdicts on targets that a registered model forecast."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from enorchestrator.registry.find import registered_of
from enstorage import Connector, DataSource
from enstorage.calendars.stamps import parse_time
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, InvalidInputError, NotFoundError
from enstorage.ledger import Feedback, IssuedForecast, ModelVersion
from enstorage.terminal import printable

VERDICTS = ("good", "bad", "wrong")


class FeedbackRow(BaseModel):
    """A truth, or a verdict, on one target.

    Attributes:
        series: id of the data source; it may be left out where the registered model has one only.
        time: of the target, as the source is written: a local time, or one with an offset.
        value: the truth, in the units of the source; or a verdict is given.
        verdict: "good", "bad" or "wrong"; or a value is given.
        remark: free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: Annotated[int | None, Field(ge=1)] = None
    time: str | int
    value: Annotated[float | None, Field(allow_inf_nan=False)] = None
    verdict: Literal["good", "bad", "wrong"] | None = None
    remark: Annotated[str, Field(max_length=10_000)] = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.value is None) == (self.verdict is None):
            raise ValueError("expected either a value or a verdict")
        return self


def give_feedback(
    name: str,
    rows: Sequence[FeedbackRow | Mapping[str, Any]],
    *,
    given_by: str = "",
    connector: Connector | None = None,
) -> dict[str, int]:
    """Take truths and verdicts of targets that versions of a registered model forecast. All are taken, or none.

    What was given before is known: twice is once. A user may change a verdict of one's own.

    Args:
        name: of the registered model.
        rows: each with a target, and a value or a verdict.
        given_by: name of the user.
        connector: the store; the current one by default.

    Returns:
        `new`, `known` and `changed`: numbers of rows.

    Raises:
        ConflictError: another truth is known for a target.
        InvalidInputError: a row cannot be used, or no version forecast its target; the message names the row.
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.transaction() as session:
        registered = registered_of(session, name, locked=True)
        issued = _issued(session, registered.id)
        sources = {each.id: each for each in DataSource.get_list(sorted(issued), connector=store)}
        counts = {"new": 0, "known": 0, "changed": 0}
        for number, given in enumerate(rows, 1):
            row = _read(given, number)
            series, target = _target(row, number, issued, sources)
            kind = "truth" if row.verdict is None else "verdict"
            own = (
                Feedback.registered_id == registered.id,
                Feedback.series == series,
                Feedback.target == target,
                Feedback.kind == kind,
            )
            known = session.scalars(select(Feedback).where(*own)).all()
            mine = known if kind == "truth" else [each for each in known if each.given_by == given_by]
            if not mine:
                about = {"value": row.value, "verdict": row.verdict, "remark": row.remark, "given_by": given_by}
                key = {"registered_id": registered.id, "series": series, "target": target, "kind": kind}
                session.add(Feedback(**key, **about))
                session.flush()
                counts["new"] += 1
                continue
            (before,) = mine
            if kind == "truth" and before.value != row.value:
                raise ConflictError(
                    f"Row {number}: the truth of {sources[series].label(target)} is known as {before.value:g}, from "
                    f"{printable(before.given_by) or 'nobody known'}; received {row.value:g}. Correct the points of the "
                    "source, which count as well."
                )
            changed = before.verdict != row.verdict
            before.verdict = row.verdict
            counts["changed" if changed else "known"] += 1
        return counts


def list_feedback(name: str, *, limit: int = 1_000, connector: Connector | None = None) -> list[Feedback]:
    """The feedback to a registered model, the newest first.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        own = Feedback.registered_id == registered_of(session, name).id
        wanted = select(Feedback).where(own).order_by(Feedback.id.desc()).limit(limit)
        return store.database.believed(list(session.scalars(wanted)), wanted)


def truths_given(session: Session, registered_id: int) -> pl.DataFrame:
    """The truths that people gave: `series`, `id`, `given`."""
    own = Feedback.registered_id == registered_id, Feedback.kind == "truth"
    rows = session.execute(select(Feedback.series, Feedback.target, Feedback.value).where(*own)).all()
    schema = {"series": pl.Int64, "id": pl.Int64, "given": pl.Float64}
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")


def _read(given: FeedbackRow | Mapping[str, Any], number: int) -> FeedbackRow:
    try:
        return given if isinstance(given, FeedbackRow) else FeedbackRow.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        raise InvalidInputError(
            f"Row {number}: {printable(at) or 'it'} cannot be used: {first['msg']}; received "
            f"{printable(repr(first['input']))[:60]}. Expected time with value or verdict. Correct it; nothing was taken.",
            field="rows",
        ) from None


def _issued(session: Session, registered_id: int) -> dict[int, set[int]]:
    """The targets that were forecast, by series."""
    versions = select(ModelVersion.id).where(ModelVersion.registered_id == registered_id)
    own = IssuedForecast.version_id.in_(versions)
    found: dict[int, set[int]] = {}
    for series, target in session.execute(select(IssuedForecast.series, IssuedForecast.target).where(own).distinct()):
        found.setdefault(series, set()).add(target)
    return found


def _target(
    row: FeedbackRow, number: int, issued: dict[int, set[int]], sources: dict[int, DataSource]
) -> tuple[int, int]:
    series = row.series if row.series is not None or len(issued) != 1 else next(iter(issued))
    if series is None:
        raise InvalidInputError(
            f"Row {number} names no series, and {len(issued)} have forecasts; expected the id of one. Name it; nothing was "
            "taken.",
            field="rows",
        )
    source = sources.get(series)
    if source is None:
        raise NotFoundError(f"Row {number}: no forecast was issued for the series {series}. Nothing was taken.")
    calendar = source.calendar
    is_counter = calendar is not None and calendar.is_counter
    time = parse_time(row.time, source.time_zone, is_counter=is_counter)
    if calendar is not None:
        time = int(calendar.floor(pl.Series([time], dtype=pl.Int64).to_numpy())[0])
    if time not in issued[series]:
        raise NotFoundError(
            f"Row {number}: no forecast of {source.label(time)} was issued for {source}; expected one of "
            f"{len(issued[series])} targets, the last {source.label(max(issued[series]))}. Nothing was taken."
        )
    return series, time
