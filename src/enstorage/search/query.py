"""Translation of a query tree to one SQL statement with bound parameters. Names come from the mapped columns only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    false,
    inspect,
    not_,
    or_,
    select,
    true,
)

from enstorage.entity import ENTITIES, Model, ModelMeta
from enstorage.entity._record import Record
from enstorage.entity._trash import in_trash
from enstorage.errors import InvalidInputError
from enstorage.search.expressions import is_in, tag_row
from enstorage.search.parser import (
    And,
    ComparisonNode,
    Condition,
    Not,
    Or,
    Path,
    Present,
    Source,
    measure,
    parse_condition,
    parse_order,
)
from enstorage.search.values import Column, Fact, Segment, Tag, Value

R = TypeVar("R", bound=Record)
S = TypeVar("S", bound=Any)

#: Comparisons of a query up to which databases may join their subqueries.
_JOINED = 8

# The other words are those of MLflow.
_FACTS = {"meta", "metric", "metrics", "param", "params", "parameter", "parameters"}
_TAGS = {"tags", "tag"}
_COLUMNS = {"attributes", "attribute", "attr", "run"}


def build(
    entity: type[R], where: str | None, order_by: str | None, limit: int | None, *, trash: bool = False
) -> Select[R]:
    """The statement that finds records of an entity; see `Record.find`.

    Raises:
        InvalidInputError: the query or the order is not valid, or the limit is not an integer above 0.
    """
    statement = select(entity).where(*conditions(entity, where, trash=trash))
    if order_by is not None:
        order = ordered(statement, entity, order_by)
        statement = order.statement.order_by(*order.keys)
    if limit is not None:
        if isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit < 2**63:
            raise InvalidInputError(f"limit is {limit!r:.80}; expected an integer above 0. Leave it out to get all.")
        statement = statement.limit(limit)
    return statement.order_by(entity.__table__.c.id)


def conditions(entity: type[Record], where: str | None, *, trash: bool = False) -> list[ColumnElement[bool]]:
    """The conditions of a query and of the trash; see `Record.find`.

    Raises:
        InvalidInputError: the query is not valid.
    """
    trashed = in_trash(entity)
    found = [trashed if trash else ~trashed]
    if where is not None:
        source = Source(where)
        tree = parse_condition(source)
        found.append(_condition(source, entity, tree, apart=measure(tree)[0] > _JOINED))
    return found


def _condition(source: Source, entity: type[Record], node: Condition, *, apart: bool) -> ColumnElement[bool]:
    """True or false, never null: a missing value fulfils no comparison, and `not` inverts that.

    Args:
        source: the text, for messages.
        entity: what the names are of.
        node: the tree, or a part of it.
        apart: true to have each subquery computed by itself.
    """
    match node:
        case And(operands):
            return and_(*(_condition(source, entity, each, apart=apart) for each in operands))
        case Or(operands):
            return or_(*(_condition(source, entity, each, apart=apart) for each in operands))
        case Not(operand):
            return not_(_condition(source, entity, operand, apart=apart))
        case Present(path):
            return _apart(_where(source, entity, entity.__table__, path, 0, lambda value: [value.present()]), apart)
        case ComparisonNode(path, operator, literals, negated):

            def holds(value: Value) -> list[ColumnElement[bool]]:
                if negated:
                    return [and_(value.present(), not_(value.test(operator, literals)))]
                return [value.fulfils(each) for each in value.alternatives(operator, literals)]

            return _apart(_where(source, entity, entity.__table__, path, 0, holds), apart)


def _apart(condition: ColumnElement[bool], apart: bool) -> ColumnElement[bool]:
    # A database that joins subqueries with the table looks for the best order of the joins: of hundreds, for minutes.
    return case((condition, true()), else_=false()) if apart else condition


def _where(
    source: Source,
    entity: type[Record],
    table: FromClause,
    path: Path,
    index: int,
    tests: Callable[[Value], Sequence[ColumnElement[bool]]],
) -> ColumnElement[bool]:
    """One of the tests of the value at a path, from its part `index` on, relative to a row of `table`."""
    step = _step(source, entity, path, index)
    if isinstance(step, _Relation):
        parent = _alias(step.entity.__table__, index)
        inside = _where(source, step.entity, parent, path, index + 1, tests)
        key = table.c[step.column]
        return and_(key.is_not(None), key.in_(select(parent.c.id).where(inside)))
    if isinstance(step, _FactKey):
        fact = _alias(ModelMeta.__table__, index)
        models = select(fact.c.model_id).where(fact.c.key == step.key, fact.c.deleted_at.is_(None))
        return is_in(table.c.id, models, tests(Fact(source, path, fact)))
    return or_(*tests(step.value(source, path, table)))


@cache
def _alias(table: FromClause, depth: int) -> FromClause:
    """The alias of a table for a subquery of a depth, different from those around it. Cached, because it is slow."""
    return table.alias(f"{table.description}_at_{depth}")


@dataclass(frozen=True, slots=True)
class Ordered(Generic[S]):
    """A statement with what it is sorted by.

    Attributes:
        statement: joined with what it is sorted by.
        keys: the expressions to sort by, with their directions. Each is null either for all or for none of the rows that the
            expressions before it do not distinguish.
        leading: number of those before the first fact; 0 if there is no fact.
        segments: of rows that the leading expressions do not distinguish; the rows of each come after those of the segments
            before it. One if there is no fact.
    """

    statement: Select[S]
    keys: list[ColumnElement[Any]]
    leading: int
    segments: list[Segment]


def ordered(
    statement: Select[S], entity: type[Record], order_by: str, *, is_present: bool = False, only_leading: bool = False
) -> Ordered[S]:
    """Join a statement with what it is sorted by.

    Args:
        statement: that selects records of the entity.
        entity: the class.
        order_by: see `Record.find`.
        is_present: true for records alone that have the first fact by which they are sorted.
        only_leading: true to leave out the first fact, and all that comes after it.

    Raises:
        InvalidInputError: the order is not valid.
    """
    source = Source(order_by, "order_by")
    keys: list[ColumnElement[Any]] = []
    leading, segments = 0, list[Segment]()
    parents: dict[tuple[str, ...], FromClause] = {}  # by path: databases limit the number of joined tables
    for term in parse_order(source):
        table: FromClause = entity.__table__
        kind: type[Record] = entity
        index = 0
        while isinstance(step := _step(source, kind, term.path, index), _Relation):
            index += 1
            parent = parents.get(term.path.parts[:index])
            if parent is None:
                parent = parents[term.path.parts[:index]] = step.entity.__table__.alias()
                statement = statement.outerjoin(parent, parent.c.id == table.c[step.column])
            table, kind = parent, step.entity
        if isinstance(step, _FactKey):
            if only_leading:
                break
            fact = ModelMeta.__table__.alias()
            here = and_(fact.c.model_id == table.c.id, fact.c.key == step.key, fact.c.deleted_at.is_(None))
            statement = statement.join(fact, here, isouter=not is_present or bool(segments) or bool(index))
            value: Value = (of_fact := Fact(source, term.path, fact))
            if not segments:
                leading, segments = len(keys), of_fact.segments(descending=term.descending)
        elif isinstance(step, _TagKey):
            row, is_key = tag_row(table.c.tags, step.key)
            statement = statement.outerjoin_from(table, row, is_key)
            value = Tag(source, term.path, table.c.tags, step.key, row)
        else:
            value = step.value(source, term.path, table)
        own = value.order(descending=term.descending)
        if isinstance(step, _ColumnName) and not index and not table.c[step.key].nullable:
            own = own[1:]  # no value is missing; without that key an index serves the order
        keys += own
    return Ordered(statement, keys, leading, segments or [Segment(true(), ())])


@dataclass(frozen=True, slots=True)
class _Relation:
    """A step to the record that a foreign key refers to."""

    entity: type[Record]
    column: str


@dataclass(frozen=True, slots=True)
class _FactKey:
    """The last step: to a fact about a model."""

    key: str


@dataclass(frozen=True, slots=True)
class _TagKey:
    """The last step: to a tag."""

    key: str

    def value(self, source: Source, path: Path, table: FromClause) -> Value:
        return Tag(source, path, table.c.tags, self.key)


@dataclass(frozen=True, slots=True)
class _ColumnName:
    """The last step: to a column."""

    key: str

    def value(self, source: Source, path: Path, table: FromClause) -> Value:
        return Column(source, path, table.c[self.key], self.key)


def _step(source: Source, entity: type[Record], path: Path, index: int) -> _Relation | _FactKey | _TagKey | _ColumnName:
    """The meaning of one part of a path for an entity.

    Raises:
        InvalidInputError: there is no such name; the message lists the known names.
    """
    head, rest = path.parts[index], path.parts[index + 1 :]
    columns = _columns(entity)
    relations = _relations(entity)
    if rest and head in _TAGS:
        return _TagKey(".".join(rest))
    if rest and head in _FACTS:
        if entity is Model:
            return _FactKey(".".join(rest))
        raise source.problem(path.position, f"only a Model has facts, a {entity.__name__} has none. {_known(entity)}")
    if len(rest) == 1 and head in _COLUMNS:
        head, rest = rest[0], ()
    if rest and head in relations:
        return relations[head]
    if not rest and head in columns and head != "tags":
        return _ColumnName(head)
    if not rest and head in relations:
        message = f"{head} is a record; compare a column of it, such as {head}.id."
    elif not rest and head in _FACTS | _TAGS:
        message = f"{head} needs a key: {head}.KEY."
    elif rest and head in columns:
        message = f"the column {head} of {entity.__name__} has no parts; compare {head} itself."
    else:
        what = "relation" if rest else "column"
        close = get_close_matches(head, relations if rest else columns, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        message = f"there is no {what} {head!r:.80} of {entity.__name__}.{hint} {_known(entity)}"
    raise source.problem(path.position, message)


def _known(entity: type[Record]) -> str:
    names = [key for key in _columns(entity) if key != "tags"]
    names += [f"{relation}.…" for relation in _relations(entity)]
    return f"Known are {', '.join([*names, 'tags.KEY', *(['meta.KEY'] if entity is Model else [])])}."


@cache
def _columns(entity: type[Record]) -> list[str]:
    return [column.key for column in inspect(entity).column_attrs]


@cache
def _relations(entity: type[Record]) -> dict[str, _Relation]:
    """The foreign keys of an entity, by the name under which Python reads the parent: without `_id`."""
    tables = {each.__tablename__: each for each in ENTITIES}
    return {
        column.key.removesuffix("_id"): _Relation(tables[key.column.table.name], column.key)
        for column in inspect(entity).columns
        for key in column.foreign_keys
    }
