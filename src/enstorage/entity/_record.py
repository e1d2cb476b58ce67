"""The base of all entities: an id, descriptive columns, and the four verbs save, delete, get, get_list."""

from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from sqlalchemy import MetaData, Select, bindparam, func, inspect, select
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, make_transient, mapped_column
from sqlalchemy.orm.attributes import flag_modified, set_committed_value

from enstorage.database.types import TABLE_OPTIONS, ChangingDict, Id, JsonText, LongText, UtcDateTime
from enstorage.entity import _deletion, _saving, _trash
from enstorage.entity._texts import check_texts
from enstorage.entity.columns import facts, named, with_info
from enstorage.errors import CorruptError, ImmutableError, InvalidInputError, NotFoundError, StoreError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from enstorage.connector import Connector
    from enstorage.views.lineage import Lineage

R = TypeVar("R", bound="Record")


def now() -> datetime:
    """The current time, as records store it."""
    return datetime.now(UTC)


class Record(DeclarativeBase):
    """Base of the entities: an Active Record.

    A record is a plain object between calls: nothing is loaded implicitly, and each call is one short transaction of its
    own (`Connector.transaction` joins several). It holds the connector with which it was made or read. Two records are
    equal if they are of one class and have the same id.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    __table_args__: Any = TABLE_OPTIONS

    # The facts of the columns, collected when the class is made. See `enstorage.entity.columns.Facts`.
    _immutable: ClassVar[frozenset[str]]
    _part_of: ClassVar[frozenset[str]]
    _belongs_to: ClassVar[frozenset[str]]
    _upstream: ClassVar[tuple[str, ...]]
    _written_later: ClassVar[tuple[str, ...]]
    #: True if deleting a record that the part refers to deletes the part alone, and not the whole.
    _goes_alone: ClassVar[bool] = False
    #: True if each record is a table that belongs to one other record.
    _is_owned: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(
        Id, primary_key=True, sort_order=-10, info=facts("Its number, never given out twice.")
    )
    description: Mapped[str] = mapped_column(
        LongText, default="", sort_order=90, info=facts("Free text about it.", listed=False)
    )
    tags: Mapped[dict[str, Any]] = with_info(
        mapped_column(ChangingDict.as_mutable(JsonText()), default=dict, sort_order=91),
        facts("Free keys and values, to find it by.", listed=False),
    )
    created_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=now, sort_order=92, info=facts("Time when it was first stored.", listed=False)
    )
    updated_at: Mapped[datetime] = mapped_column(
        UtcDateTime, default=now, onupdate=now, sort_order=93, info=facts("Time of the last change.", listed=False)
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, sort_order=94, info=facts("Time when it was put into the trash.", listed=False)
    )

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "__table__" in cls.__dict__:
            cls._immutable = frozenset(named(cls, "immutable"))
            cls._part_of = frozenset(named(cls, "part_of"))
            cls._belongs_to = frozenset(named(cls, "belongs_to"))
            cls._upstream = named(cls, "made_from")
            cls._written_later = named(cls, "written_later")

    def __init__(self, *, connector: "Connector | None" = None, **values: Any) -> None:
        self._connector = connector
        for key, value in {"description": "", "tags": {}, **values}.items():
            setattr(self, key, value)

    @property
    def connector(self) -> "Connector":
        """The connector of this record: the one it was made or read with, else the current one."""
        bound = self.__dict__.get("_connector")
        if bound is not None:
            return bound  # type: ignore[no-any-return]
        from enstorage.connector import Connector

        return Connector.current()

    def save(self) -> Self:
        """Create the record, or write the columns that changed.

        Raises:
            ImmutableError: a column that may not change was changed.
            NotFoundError: the record was deleted meanwhile.
        """
        _saving.save_all([self])
        return self

    def refresh(self) -> Self:
        """Read the record again, as after a change by another process; changes that were not saved are lost.

        Raises:
            NotFoundError: the record was deleted meanwhile.
        """
        fresh = type(self).get(self.id, connector=self.connector)
        for attribute in inspect(type(self)).column_attrs:
            set_committed_value(self, attribute.key, getattr(fresh, attribute.key))
        return self

    def delete(self, cascade: bool = False) -> "list[Record]":
        """Delete the record for good.

        Args:
            cascade: delete also what refers to it, directly or not.

        Returns:
            Everything that was deleted, the most dependent first, this record last.

        Raises:
            InUseError: something refers to the record and `cascade` is false.
        """
        return _deletion.delete(self, cascade=cascade)

    def trash(self) -> "list[Record]":
        """Put the record into the trash, with everything that refers to it: all that `delete(cascade=True)` would delete.

        From then on lists leave it out, but `get` still finds it, and nothing is lost: `gc` keeps it. Parts, such as the
        facts and forecasts of a model, are in the trash with their whole. Records that were in the trash already do not
        change.

        Returns:
            The records put into the trash, without parts; the most dependent first, this record last.

        Raises:
            InvalidInputError: it is in the trash already.
            InUseError: it is a part of a final record, such as a member of an ensemble.
            NotFoundError: it is not stored.
        """
        return _trash.trash(self, now())

    def restore(self) -> "list[Record]":
        """Take the record out of the trash, with everything that the same call of `trash` put there.

        Records that also need a record in the trash from another call stay there.

        Returns:
            The restored records, the most dependent first, this record last.

        Raises:
            InvalidInputError: it is not in the trash, or it needs something there: the message names what to restore first.
            NotFoundError: it is not stored.
        """
        return _trash.restore(self)

    def as_dictionary(self) -> dict[str, Any]:
        """The columns by name, without those of bytes; the period as ISO 8601."""
        from enstorage.instant import to_iso

        values = {}
        for column in self.__table__.columns:
            value = getattr(self, column.key)
            if not isinstance(value, bytes):
                period = column.key in ("time_from", "time_to") and value is not None
                values[column.key] = getattr(self, "label", to_iso)(value) if period else value
        return values

    def lineage(self) -> "Lineage":
        """Everything the record was made from, back to the source."""
        from enstorage.views.lineage import lineage

        return lineage(self)

    @classmethod
    def get(cls, id: int, *, connector: "Connector | None" = None) -> Self:
        """The record with the id.

        Raises:
            NotFoundError: there is none.
        """
        key = _as_id(cls, id)
        found = cls._select(_by_id(cls), connector, {"id": key}, question=key)
        return found[0] if found else cls.get_list([id], connector=connector)[0]  # its error names the latest ids

    @classmethod
    def get_list(cls, ids: Iterable[int] | None = None, *, connector: "Connector | None" = None) -> list[Self]:
        """The records with the ids, in the order given; without ids all records by id, except those in the trash.

        Raises:
            NotFoundError: some ids are not stored; the message names them.
        """
        if ids is None:
            return cls._select(select(cls).where(~_trash.in_trash(cls)).order_by(cls.id), connector)
        if not isinstance(ids, Iterable):
            raise InvalidInputError(
                f"get_list takes several ids, such as [3, 4, 5]; received {ids!r}. Use get for one id."
            )
        wanted = [_as_id(cls, id) for id in ids]
        found: dict[int, Self] = {}
        for start in range(0, len(wanted), 500):  # databases limit the number of bound parameters
            ids_now = wanted[start : start + 500]
            chunk = cls._select(select(cls).where(cls.id.in_(ids_now)), connector, question=tuple(ids_now))
            found.update({record.id: record for record in chunk})
        missing = sorted(set(wanted) - found.keys())
        if missing:
            known = cls._select(select(cls).order_by(cls.id.desc()).limit(5), connector)
            raise NotFoundError(
                f"There is no {cls.__name__} with id {', '.join(map(str, missing))}; "
                + (
                    f"the latest ids are {', '.join(str(record.id) for record in known)}."
                    if known
                    else "none is stored yet."
                )
            )
        return [found[id] for id in wanted]

    @classmethod
    def count(cls, *, connector: "Connector | None" = None) -> int:
        """Number of stored records, without those in the trash."""
        from enstorage.connector import Connector

        query = select(func.count()).select_from(cls).where(~_trash.in_trash(cls))
        database = (connector or Connector.current()).database
        with database.reading() as session:
            number = session.scalar(query) or 0
        if not number:
            database.confirm_empty(query)
        return number

    @classmethod
    def find(
        cls,
        where: str | None = None,
        *,
        order_by: str | None = None,
        limit: int | None = None,
        trash: bool = False,
        connector: "Connector | None" = None,
    ) -> list[Self]:
        """The records that match a query, without those in the trash.

        Args:
            where: such as `meta.loss < 0.01 and research.name = 'Standard data' or not tags.kind = 'lstm'`. Names are
                columns, `tags.KEY`, for models `meta.KEY`, and all of these of a parent: `data_set.name`. The filters
                of MLflow's `search_runs` work too. None finds all.
            order_by: such as `meta.mse desc, name`, at most 10 names. Records without such a value come last, equal ones
                by id.
            limit: largest number of records, 1 or more.
            trash: search only the records in the trash.
            connector: the store; the current one by default.

        Raises:
            InvalidInputError: the query is not valid; the message shows the position and lists the known names.
        """
        from enstorage.search.query import build

        return cls._select(build(cls, where, order_by, limit, trash=trash), connector)

    @classmethod
    def _select(
        cls,
        query: "Select[R]",
        connector: "Connector | None" = None,
        values: Mapping[str, Any] | None = None,
        *,
        question: Hashable = None,
    ) -> "list[R]":
        """The records of a query. One with a question, its name within the class, is asked once inside `remembering`."""
        from enstorage.connector import Connector

        connector = connector or Connector.current()
        answers = None if question is None else connector.database.answers
        if answers is not None and (cls, question) in answers:
            return list(answers[cls, question])
        with connector.database.reading() as session:
            try:
                records = list(session.scalars(query, values))
            except (StoreError, InvalidInputError):
                raise
            except (CorruptError, ValueError) as error:  # the latter: tags that are no dictionary
                raise CorruptError(
                    f"A record of {cls.__name__} in {connector.settings.shown()['database']} cannot be read. {error}"
                ) from error
            session.expunge_all()
        if not records:
            connector.database.confirm_empty(query)
        for record in records:
            record._connector = connector
        if answers is not None:
            answers[cls, question] = tuple(records)
        return records

    @property
    def _is_new(self) -> bool:
        return bool(inspect(self).transient)

    def _saved(self) -> Self:
        """The record itself, saved first if it is new."""
        return self.save() if self._is_new else self

    def _children(self, column: "InstrumentedAttribute[Any]") -> "list[Any]":
        """The records that refer to this one by `column`, by id, without those in the trash."""
        child: Any = column.class_
        query = select(child).where(column == self.id, child.deleted_at.is_(None)).order_by(child.id)
        return self._select(query, self.connector, question=(column.class_, column.key, self.id))

    @classmethod
    def _after_insert(cls, ids: "list[int]", connector: "Connector") -> None:
        """Called in the transaction that stored records for the first time, with their ids."""

    def _after_delete(self, session: "Session") -> None:
        """Called in the transaction that deleted the record; deletes what belongs to it outside its own row."""

    def _check_detachable(self) -> None:
        """Refuse to remove a part from a final record, or to restore it."""

    def _check_texts(self) -> None:
        """Refuse texts that one of the databases would refuse, so that a store can move from one to another."""
        check_texts(type(self), self.__dict__)

    def _forget_id(self) -> None:
        """Make the record new again: the transaction that stored it was rolled back."""
        make_transient(self)
        self.id = None  # type: ignore[assignment]

    def _mark_changed(self, keys: Iterable[str]) -> None:
        """Mark columns to be written again: the transaction that wrote them was rolled back."""
        for key in keys:
            flag_modified(self, key)

    def _refuse_changes(self) -> None:
        if self._is_new:
            return
        state = inspect(self)
        changed = [key for key in sorted(self._immutable) if state.attrs[key].history.has_changes()]
        if changed:
            raise ImmutableError(
                f"{self} cannot change its {', '.join(changed)}: a {type(self).__name__} is immutable once stored. "
                "Make a new one instead."
            )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and isinstance(other, Record) and not self._is_new and self.id == other.id

    def __hash__(self) -> int:
        # The id is assigned by the first save, and a hash must not change: so all records of a class share one.
        return hash(type(self))

    def __repr__(self) -> str:
        name = getattr(self, "name", None)
        return f"{type(self).__name__}({self.id})" if not name else f"{type(self).__name__}({self.id}, {name!r})"


@cache
def _by_id(kind: type[R]) -> "Select[R]":
    """The most frequent statement; building it takes as long as running it."""
    return select(kind).where(kind.id == bindparam("id"))


def _as_id(cls: type[Record], id: object) -> int:
    if isinstance(id, bool) or not hasattr(id, "__index__") or abs(id.__index__()) >= 2**63:
        raise InvalidInputError(f"{id!r} is not the id of a {cls.__name__}; expected an integer below 2^63.")
    return int(id.__index__())
