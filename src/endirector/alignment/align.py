"""Alignment: the targets that all members share, by (series, id, step) and by nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.intersect import intersect
from endirector.alignment.threads import of_each
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso

KEY = ["series", "id", "step"]

_Rows = slice | NDArray[np.int32]


class NothingCommonError(InvalidInputError):
    """The members share no target."""


@dataclass(frozen=True, slots=True)
class MemberForecasts:
    """The forecasts of one member.

    Attributes:
        name: as messages and tables call it.
        table: columns `series`, `id` (ns), `step`, `part` (0 train, 1 valid, 2 test), `value` (source units), and `truth`
            (source units; null where the member does not know it, NaN where it was not measured); one row a target.
        offset: distance from the end of the window to the first target, in steps; None if unknown.
        label: the text of a time, from the data source id and the time, for messages.
    """

    name: str
    table: pl.DataFrame
    offset: int | None = None
    label: Callable[[int, int], str] = lambda _, time: to_iso(time)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The common targets, sorted by series, id and step.

    Attributes:
        keys: columns `series`, `id`, `step`, shape (rows, 3).
        part: 2 (test) where it is a test row for any member, else 1 (valid) where it is one for any, else 0; (rows,).
        member_parts: the part of each row for each member, shape (rows, members).
        truth: true values in the units of the source, shape (rows,).
        forecasts: in the same units, shape (rows, members), those of a member next to each other.
        lost: number of targets of each member that are not common, by its name.
        not_measured: number of targets that were left out since their true values were not measured.
    """

    keys: pl.DataFrame
    part: NDArray[np.int8]
    member_parts: NDArray[np.int8]
    truth: NDArray[np.float64]
    forecasts: NDArray[np.float64]
    lost: dict[str, int]
    not_measured: int = 0

    def only(self, rows: NDArray[np.bool_]) -> "Alignment":
        """The rows that are chosen; the others are lost to every member."""
        dropped = int((~rows).sum())
        return Alignment(
            keys=self.keys.filter(rows),
            part=self.part[rows],
            member_parts=self.member_parts[rows],
            truth=self.truth[rows],
            forecasts=self.forecasts[rows],
            lost={name: count + dropped for name, count in self.lost.items()},
            not_measured=self.not_measured,
        )


def align(members: Sequence[MemberForecasts], kind: str = "") -> Alignment:
    """Intersect the members' targets; those that were not measured by what one of them knows are left out, and counted.

    This is the one place where such targets are left out: what comes after has measured targets only.

    Args:
        members: the forecasts of each.
        kind: kind of these targets, for messages, such as `out-of-fold `.

    Raises:
        NothingCommonError: there is no common target.
        InvalidInputError: horizons differ, two members hold different truths of one target, or
            no member knows the truth of a common target.
    """
    _check_steps(members)
    members, not_measured = _measured_only(members)
    rows = _common_rows(members)
    keys = members[0].table.select(KEY)[rows[0]]
    if not keys.height:
        raise NothingCommonError(_nothing_common(members, kind, not_measured))
    member_parts = _of_all(members, "part", rows, keys.height, np.dtype(np.int8))
    return Alignment(
        keys=keys,
        part=member_parts.max(axis=1),
        member_parts=member_parts,
        truth=_one_truth(members, rows, keys),
        forecasts=_of_all(members, "value", rows, keys.height, np.dtype(np.float64)),
        lost={member.name: member.table.height - keys.height for member in members},
        not_measured=not_measured,
    )


def _measured_only(members: Sequence[MemberForecasts]) -> tuple[Sequence[MemberForecasts], int]:
    """The members without the targets that were not measured, and the number of these."""
    with_filled = [member for member in members if member.table["truth"].cast(pl.Float64).is_nan().any()]
    if not with_filled:
        return members, 0
    is_filled = pl.col("truth").cast(pl.Float64).is_nan()
    left_out = pl.concat([member.table.filter(is_filled).select(KEY) for member in with_filled]).unique()
    return [
        replace(member, table=member.table.join(left_out, on=KEY, how="anti", maintain_order="left"))
        for member in members
    ], left_out.height


def _common_rows(members: Sequence[MemberForecasts]) -> list[_Rows]:
    """Row numbers of the common targets in the table of each member, in the order of their keys."""
    try:
        return intersect(
            [[member.table[name].to_numpy() for name in KEY] for member in members],
        )
    except ValueError as error:
        member = members[error.args[0]]
        twice = int(member.table.select(KEY).is_duplicated().sum())
        raise InvalidInputError(
            f"{twice} rows of {member.name} share a target with another of its rows; a member has one forecast a target and "
            "step. Leave the repeated ones out."
        ) from error


def _of_all(
    members: Sequence[MemberForecasts], column: str, rows: Sequence[_Rows], count: int, kind: np.dtype[Any]
) -> NDArray[Any]:
    """A column of all members for the common targets, shape (common, members), that of a member after the other."""
    columns = [member.table[column].to_numpy() for member in members]
    together = np.empty((len(members), count), dtype=kind)

    def take(place: int) -> None:
        together[place] = columns[place][rows[place]]

    of_each(take, range(len(members)))
    return together.T


def _check_steps(members: Sequence[MemberForecasts]) -> None:
    steps = {member.name: sorted(member.table["step"].unique().to_list()) for member in members}
    if any(own != steps[members[0].name] for own in steps.values()):
        shown = ", ".join(f"{name} {len(own)}" for name, own in steps.items())
        raise InvalidInputError(
            f"Members of one ensemble forecast equally far; received horizons {shown}. Leave out those that differ."
        )
    offsets = {member.name: member.offset for member in members if member.offset is not None}
    if len(steps[members[0].name]) > 1 and len(set(offsets.values())) > 1:
        shown = ", ".join(f"{name} {offset}" for name, offset in offsets.items())
        raise InvalidInputError(
            f"Members that forecast several steps start equally far ahead; received offsets {shown}. Leave out those that "
            "differ."
        )


def _nothing_common(members: Sequence[MemberForecasts], kind: str, not_measured: int) -> str:
    spans = []
    series = [set(member.table["series"].unique().to_list()) for member in members]
    is_one_series = len(set.union(*series)) == 1
    for member, own in zip(members, series, strict=True):
        ids = member.table["id"]
        first, last = ids.min(), ids.max()
        ends = [member.label(min(own), int(time)) for time in (first, last) if time is not None]  # type: ignore[arg-type]
        span = " – ".join(ends) or "none"
        of = "" if is_one_series else f" of the data source {', '.join(map(str, sorted(own)))}"
        spans.append(f"{member.name} {member.table.height} targets{of} ({span})")
    which = f"{kind}target that was measured" if not_measured else f"{kind}target"
    return (
        f"The members have no common {which}, so there is nothing to combine: {'; '.join(spans)}. Choose members whose "
        f"targets lie at the same times{'' if is_one_series else ' in the same series'}."
    )


def _one_truth(members: Sequence[MemberForecasts], rows: Sequence[_Rows], keys: pl.DataFrame) -> NDArray[np.float64]:
    truth = np.full(keys.height, np.nan)
    whose = np.zeros(len(truth), dtype=np.int32)
    for number, (member, places) in enumerate(zip(members, rows, strict=True)):
        own = member.table["truth"].cast(pl.Float64).to_numpy()[places]  # NaN where it is null, as none is NaN any more
        unlike = np.flatnonzero(own != truth)
        if not len(unlike):
            continue
        known, before = own[unlike], truth[unlike]
        differs = np.flatnonzero(~np.isclose(known, before, rtol=1e-9, atol=0) & ~np.isnan(known) & ~np.isnan(before))
        if len(differs):
            at = int(unlike[differs[0]])
            time = member.label(keys["series"][at], keys["id"][at])
            raise InvalidInputError(
                f"The members were made for different targets: at {time} the truth of {member.name} is {own[at]:g}, that "
                f"of {members[whose[at]].name} is {truth[at]:g} ({len(differs)} rows differ). Combine members of one "
                "series, cleaned in one way."
            )
        new = unlike[np.isnan(before)]
        truth[new], whose[new] = own[new], number
    if np.isnan(truth).any():
        raise InvalidInputError(
            f"For {int(np.isnan(truth).sum())} common targets no member knows the true value. Give at least one member a "
            "data set, or its research a preparation."
        )
    return truth
