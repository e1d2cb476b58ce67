"""The rows of a list, page by page: divided into parts in whose order an index has the rows, as far as there is one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Select, true
from sqlalchemy.orm import Session

from enstorage.entity._record import Record
from enstorage.errors import InvalidInputError
from enstorage.search.keyset import SortKey, rows_after
from enstorage.search.query import Ordered, ordered
from enstorage.search.values import Segment

#: Rows that are sorted first by what comes before a fact in the order.
_FIRST = 1_000


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement of rows that lie side by side in the order, and true if they are of a group of more than `_FIRST` / 2."""

    statement: Select[Any]
    is_large: bool = False


class Pages:
    """The rows of a statement in an order, with the values of the keys of the order at the end of each row.

    A list that is sorted by a fact is read in the segments of the fact. One that is sorted by something else first, and
    then by a fact, is read in groups that the former does not distinguish: looking up the fact of every record would take
    most of the time. Small groups are found by their ids; a large one is read in the segments of the fact.

    Args:
        statement: that selects the rows.
        entity: what they are records of.
        order_by: see `Record.find`; None for the order in which they were made.

    Raises:
        InvalidInputError: the order is not valid.
    """

    def __init__(self, statement: Select[Any], entity: type[Record], order_by: str | None) -> None:
        self._id = entity.__table__.columns["id"]
        self._leading: Ordered[Any] | None = None
        if order_by is None:
            self._every = self._present = Ordered(statement, [], 0, [Segment(true(), ())])
            return
        try:
            self._every = ordered(statement, entity, order_by)
        except InvalidInputError as error:
            error.field = "order_by"
            raise
        self._present = ordered(statement, entity, order_by, is_present=True)
        if self._every.leading:
            only_ids = statement.with_only_columns(self._id)
            self._leading = ordered(only_ids, entity, order_by, only_leading=True)

    def read(self, session: Session, number: int, place: Sequence[Any] | None) -> tuple[list[Any], list[Any] | None]:
        """Some rows, at most `number`, and the place after them: None if there are no more.

        Args:
            session: to read with.
            number: of rows.
            place: after which they come; None for the first ones.
        """
        rows: list[Any] = []
        are_large: list[bool] = []
        for part in self._parts(session, place):
            found = session.execute(part.statement.limit(number + 1 - len(rows))).all()
            rows += found
            are_large += [part.is_large] * len(found)
            if len(rows) > number:
                width = len(self._every.keys) + 1
                return rows[:number], [*rows[number - 1][-width:], are_large[number - 1]]
        return rows, None

    def _parts(self, session: Session, place: Sequence[Any] | None) -> Iterator[_Part]:
        after = None if place is None else list(place[:-1])
        if self._leading is None:
            yield from self._in_segments((), after)
            return
        start = None if after is None else tuple(after[: self._every.leading])
        is_begun = place is not None and not place[-1]
        if start is not None and not is_begun:
            yield from self._in_segments(start, after)
        while True:
            ids, large, following = self._groups(session, self._leading, start, or_equals=is_begun)
            if ids:
                yield _Part(self._select(self._every, Segment(self._id.in_(ids), ()), (), after if is_begun else None))
            if large is not None:
                yield from self._in_segments(large, after if is_begun and large == start else None)
            if following is None:
                return
            start, is_begun = following, False

    @staticmethod
    def _groups(
        session: Session, leading: Ordered[Any], start: tuple[Any, ...] | None, *, or_equals: bool
    ) -> tuple[list[int], tuple[Any, ...] | None, tuple[Any, ...] | None]:
        """The next groups by the leading expressions.

        Args:
            session: to read with.
            leading: a statement of the ids, by these expressions.
            start: the values of a group that they come after; None for the first ones.
            or_equals: true if that group is to be one of them.

        Returns:
            The ids of all rows of the groups that have been read to their end, the values of a large one that comes next,
            and those of the last of all these groups if there may be more.
        """
        keys = [SortKey.of(each) for each in leading.keys]
        labels = [key.value.label(f"sort_key_{place}") for place, key in enumerate(keys)]
        statement = leading.statement.add_columns(*labels)
        if start is not None:
            statement = statement.where(rows_after(keys, start, or_equals=or_equals))
        directed = [key.directed(label) for key, label in zip(keys, labels, strict=True)]
        rows = session.execute(statement.order_by(*directed).limit(_FIRST)).all()
        groups = [(values, [row[0] for row in own]) for values, own in groupby(rows, _values)]
        if len(rows) < _FIRST:
            return [id for _, ids in groups for id in ids], None, None
        *whole, (values, last) = groups
        ids = [id for _, own in whole for id in own]
        return (ids, values, values) if len(last) > _FIRST // 2 else (ids, None, whole[-1][0])

    def _in_segments(self, group: tuple[Any, ...], after: Sequence[Any] | None) -> Iterator[_Part]:
        """The segments of a group, from the one on that has the row after which they come."""
        for place, segment in enumerate(self._every.segments):
            pinned = (*group, *segment.pinned)
            if after is not None and tuple(after[: len(pinned)]) != pinned:
                continue
            order = self._present if segment.is_present else self._every
            statement = self._select(order, order.segments[place], group, after)
            after = None
            yield _Part(statement, is_large=bool(group))

    def _select(
        self, order: Ordered[Any], segment: Segment, group: tuple[Any, ...], after: Sequence[Any] | None
    ) -> Select[Any]:
        """The statement of the rows of a segment in a group, after a row."""
        keys = [SortKey.of(each) for each in (*order.keys, self._id)]
        # An order by the label of a selected expression computes it once.
        labels = [key.value.label(f"sort_key_{place}") for place, key in enumerate(keys)]
        same = [key.equals(value) for key, value in zip(keys, group, strict=False) if value is not None]
        pinned = len(group) + len(segment.pinned)
        first = pinned + len(segment.order)
        rows = order.statement.add_columns(*labels).where(segment.condition, *same)
        if after is not None:
            own = (*map(SortKey.of, segment.order), *keys[first:])
            rows = rows.where(rows_after(own, after[pinned:]))
        rest = (key.directed(label) for key, label in zip(keys[first:], labels[first:], strict=True))
        return rows.order_by(*segment.order, *rest)


def _values(row: Any) -> tuple[Any, ...]:
    """The values of the keys of a row, which begins with its id, as a cursor has them."""
    return tuple(int(each) if isinstance(each, Decimal) else each for each in row[1:])
