"""`Panel`: a named set of sources."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Name
from enstorage.entity._many import create_preparations, create_snapshots, write_all
from enstorage.entity._record import Record
from enstorage.entity._saving import save_all
from enstorage.entity.columns import facts
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.entity.panel_member import PanelMember
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import TimeLike, not_years, to_ns
from enstorage.progress import listening
from enstorage.sources.key import as_key

if TYPE_CHECKING:
    import polars as pl

    from enstorage.connector import Connector
    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.entity.project import Project
    from enstorage.entity.scene import Scene
    from enstorage.sources.tables import Table, TableReport


class Panel(Record):
    """Sources that belong together, such as the sales of each store, with a key for each; one source stays one series.

    A project may be over a panel: one model then learns from all its series, and one ensemble forecasts each of them. Its
    sources may differ in length, in their periods and units.

    Args:
        name: display name.
        description: free text.
        connector: the store to live in; the current one by default.
    """

    __tablename__ = "panel"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))

    def __init__(self, *, name: str, description: str = "", connector: "Connector | None" = None) -> None:
        super().__init__(connector=connector, name=name, description=description)

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        name: str,
        series: str | None = None,
        time: str | None = None,
        value: str | None = None,
        time_interval: str | None = None,
        aggregate: str = "mean",
        time_zone: str | None = None,
        anchor: TimeLike | None = None,
        unit: str = "",
        description: str = "",
        connector: "Connector | None" = None,
        **options: Any,
    ) -> Self:
        """Make a panel with a new source for each series of a table, and store all points; all or nothing.

        Args:
            table: as `DataSource.write` takes it: a long table with a row for each point, or a wide one with a column for
                each series.
            name: of the panel; a source is called by it and its key.
            series: name of the column with the key of the series, texts or integers; None: found.
            time: name of the column with the times; None: found.
            value: name of the column with the values; None: found, or the columns of a wide table.
            time_interval: of each source, see `DataSource`; None: inferred with its anchor, for most series the same one.
            aggregate: of each source.
            time_zone: of each source, and of times without an offset; None: that in which
                the table has its times, as Parquet files and pandas keep it, else UTC.
            anchor: of each source.
            unit: of each source; by default the one that stands beside the values in the table.
            description: free text, of the panel.
            connector: the store to live in; the current one by default.
            **options: the form of the table, see `enstorage.sources.TableOptions`.

        Raises:
            InvalidInputError: the table cannot be read, a key is missing, or a time stands twice in a series.
        """
        from enstorage.sources.tables.calendars import infer_calendars, read_on_clock, zone_of_sources

        given = {"series_column": series, "time_column": time, "value_column": value} | options
        found, clock = read_on_clock(table, time_interval, time_zone, anchor, given)
        points, zone = found.by_series(), zone_of_sources(found, time_zone)
        calendars = infer_calendars(found, zone) if clock is None else dict.fromkeys(points, clock)
        units = dict(zip(found.report.value_columns, found.report.units, strict=True))
        panel = cls(name=name, description=description, connector=connector)
        sources = {
            key: DataSource(
                name=f"{name} {key}",
                time_interval=None if calendar is None else str(calendar),
                aggregate=aggregate,
                time_zone=zone,
                anchor=None if calendar is None else calendar.anchor,
                unit=unit or units.get(key, found.report.unit),
                connector=panel.connector,
            )
            for key, calendar in calendars.items()
        }
        with panel.connector.transaction():
            panel.save()
            write_all(sources.values(), points.values(), time_unit="ns")
            panel.add_all(sources)
        panel.__dict__["_report"] = found.report
        return panel

    def add(self, key: str, source: DataSource) -> PanelMember:
        """Add a source. A new panel or source is saved first.

        Args:
            key: the key of the source in the panel, such as the number of a store; each once.
            source: of the same store; each once.

        Raises:
            InvalidInputError: the key or the source is in the panel already, or the key is no text.
        """
        return self.add_all({key: source})[0]

    def add_all(self, sources: Mapping[str, DataSource]) -> list[PanelMember]:
        """Add many sources by their keys, all or none. See `add`."""
        given = {as_key(key): source for key, source in sources.items()}
        for key, source in given.items():
            if not isinstance(source, DataSource):
                raise InvalidInputError(f"{source!r:.60} is not a DataSource; expected one with the key {key!r}.")
        with self.connector.transaction():
            save_all([self, *given.values()])
            self._refuse_known(given)
            return save_all(
                PanelMember(connector=self.connector, panel_id=self.id, key=key, data_source_id=source.id)
                for key, source in given.items()
            )

    def members(self) -> list[PanelMember]:
        """Keys and sources, in the order in which they were added."""
        return self._children(PanelMember.panel_id)

    def sources(self) -> dict[str, DataSource]:
        """The sources by their keys, in the order in which they were added."""
        members = self.members()
        sources = DataSource.get_list([member.data_source_id for member in members], connector=self.connector)
        return dict(zip((member.key for member in members), sources, strict=True))

    def scenes(self) -> "list[Scene]":
        """The scenes from which its values were made, in the order in which they were noted; [] for other panels."""
        from enstorage.entity.panel_scene import PanelScene
        from enstorage.entity.scene import Scene

        used = [each.scene_id for each in self._children(PanelScene.panel_id)]
        return Scene.get_list(used, connector=self.connector)

    def add_scenes(self, scenes: "Iterable[Scene]") -> None:
        """Note that values of the panel were made from scenes; one that was noted before stays as it is."""
        from enstorage.entity.panel_scene import PanelScene

        with self.connector.transaction():
            known = {scene.id for scene in self._saved().scenes()}
            fresh = {scene.id for scene in scenes} - known
            save_all(PanelScene(connector=self.connector, panel_id=self.id, scene_id=id) for id in sorted(fresh))

    def remove(self, key: str) -> None:
        """Take a source out of the panel; the source stays.

        Raises:
            NotFoundError: the panel has no such key.
            InUseError: a research over the panel has data of the source.
        """
        members = {member.key: member for member in self.members()}
        if as_key(key) not in members:
            raise _unknown(self, [as_key(key)], members)
        members[as_key(key)].delete()

    def write(
        self,
        table: Any,
        *,
        series: str | None = None,
        time: str | None = None,
        value: str | None = None,
        **options: Any,
    ) -> int:
        """Store points of sources of the panel; the value of a time that is already there is replaced.

        Args:
            table: as `from_table` takes it; its keys are those of the panel, not necessarily all of them.
            series: name of the column with the key; None: found.
            time: name of the column with the times; None: found.
            value: name of the column with the values; None: found.
            **options: the form of the table, see `enstorage.sources.TableOptions`.

        Returns:
            Number of points written.

        Raises:
            NotFoundError: a key is none of the panel; nothing was written then.
            InvalidInputError: the table is as `from_table` refuses it, or has times without an offset from UTC and the
                sources have several clocks; nothing was written then.
        """
        sources = self._saved().sources()
        given = {"series_column": series, "time_column": time, "value_column": value} | options
        found = _read_on_clocks(self, table, given)
        points = found.by_series()
        unknown = [key for key in points if key not in sources]
        if unknown:
            raise _unknown(self, unknown, sources)
        count = write_all([sources[key] for key in points], points.values(), time_unit="ns")
        self.__dict__["_report"] = found.report
        return count

    @property
    def table_report(self) -> "TableReport | None":
        """The report of the table that this object read last, an `enstorage.sources.TableReport`; else None."""
        return self.__dict__.get("_report")

    def import_report(self) -> dict[str, Any]:
        """Count the points and buckets of its sources as they are now.

        Returns:
            `by_series`: the report of each source by its key, see `DataSource.import_report`; of all together their sums
            `points`, `buckets`, `measured`, `shared_buckets`, `empty_before`, `empty_between`, `empty_after`, the numbers of
            sources with a `partial_first` and `partial_last` bucket, and the largest `jitter_seconds` or null; `series`;
            `calendars`, a list of `time_interval`, `time_zone`, `anchor` and the number of `series` that have them, the most
            frequent first; and `messages`, sentences on what is unusual.
        """
        from enstorage.entity._panel_report import panel_report

        return panel_report(self._saved())

    def read(self, time_from: TimeLike | None = None, time_to: TimeLike | None = None) -> "pl.DataFrame":
        """The points of all sources in the half-open period [time_from, time_to), by default all, as they are now.

        Returns:
            Columns `series` (data source id), `key`, `time` (int64 ns) and `value`; a row for each point, source after
            source, in time order.
        """
        import polars as pl

        keys, sources = self._keys_and_sources()
        points = self.connector.series.read_many(sources) if sources else []
        counts = [len(times) for times, _ in points]
        table = pl.DataFrame(
            {
                "series": np.repeat(np.array(sources, dtype=np.int64), counts),
                "key": pl.Series(keys, dtype=pl.String).gather(np.repeat(np.arange(len(keys)), counts)),
                "time": np.concatenate([np.empty(0, dtype=np.int64), *(times for times, _ in points)]),
                "value": np.concatenate([np.empty(0), *(values for _, values in points)]),
            }
        )
        if time_from is not None:
            table = table.filter(pl.col("time") >= to_ns(not_years(time_from)))
        return table if time_to is None else table.filter(pl.col("time") < to_ns(not_years(time_to)))

    def with_keys(self, table: "pl.DataFrame") -> "pl.DataFrame":
        """A table of forecasts, or another one with the column `series`, with the column `key` after it.

        The key of a series that is none of the panel is null.
        """
        import polars as pl

        if "series" not in table.columns:
            raise InvalidInputError(
                f"The table has no column 'series', but {', '.join(table.columns)[:200]}; expected a table such as "
                "model.forecasts() gives."
            )
        keys = {member.data_source_id: member.key for member in self.members()}
        key = pl.col("series").replace_strict(keys, default=None, return_dtype=pl.String).alias("key")
        at = table.columns.index("series") + 1
        return table.select(*table.columns[:at], key, *(name for name in table.columns[at:] if name != "key"))

    def create_snapshots(
        self, description: str = "", *, whole_period: bool = False, keep_partial: bool = False
    ) -> "list[DataSnapshot]":
        """Fix the states of all sources at one moment; all or none, in the order in which they were added.

        Args:
            description: free text, of each snapshot.
            whole_period: as in `DataSource.create_snapshot`.
            keep_partial: as in `DataSource.create_snapshot`.

        Raises:
            InvalidInputError: the panel has no source, or a source has no points in its period; the message names it.
        """
        sources = self._some_sources()
        return create_snapshots(sources, description, whole_period=whole_period, keep_partial=keep_partial)

    def create_preparations(
        self,
        clean_method: str = "drop",
        transform_method: str = "none",
        train_part: float = 0.7,
        valid_part: float = 0.0,
        test_part: float | None = None,
        *,
        split: str = "time",
        seed: int = 0,
        description: str = "",
    ) -> "list[DataPreparation]":
        """Take a snapshot of every source at one moment and prepare all of them in one way; all or none.

        Each is fitted and split by itself; one with too few rows for every part has train rows only, and is named by a
        warning. See `enstorage.create_preparations` for the arguments, and for snapshots that
        were taken before.

        Raises:
            InvalidInputError: the panel has no source, or a source cannot be prepared so; the message names it.
        """
        sources = self._some_sources()
        with listening(progress=False) as report, self.connector.all_or_nothing():
            return create_preparations(
                DataSnapshot._fix_all(sources, "", report),
                clean_method,
                transform_method,
                train_part,
                valid_part,
                test_part,
                split=split,
                seed=seed,
                description=description,
            )

    def projects(self) -> "list[Project]":
        """The projects over this panel."""
        from enstorage.entity.project import Project

        return self._children(Project.panel_id)

    def _keys_and_sources(self) -> tuple[list[str], list[int]]:
        """Keys and ids of sources of `members`, without a record for each: a panel may have tens of thousands."""
        query = select(PanelMember.key, PanelMember.data_source_id).order_by(PanelMember.id)
        query = query.where(PanelMember.panel_id == self.id, PanelMember.deleted_at.is_(None))
        with self.connector.database.reading() as session:
            found = session.execute(query).all()
        if not found:
            self.connector.database.confirm_empty(query)
        return [key for key, _ in found], [id for _, id in found]

    def _some_sources(self) -> list[DataSource]:
        sources = [*self._saved().sources().values()]
        if not sources:
            raise InvalidInputError(f"{self} has no sources. Add some: panel.add(key, source).")
        return sources

    def _refuse_known(self, given: Mapping[str, DataSource]) -> None:
        keys = {member.data_source_id: member.key for member in self.members()}
        taken = set(keys.values())
        for key, source in given.items():
            if key in taken:
                raise InvalidInputError(f"{self} has a source with the key {key!r} already. Give another key.")
            if source.id in keys:
                raise InvalidInputError(
                    f"{source} is in {self} already, with the key {keys[source.id]!r}; expected each source once."
                )
            keys[source.id] = key


def _read_on_clocks(panel: Panel, table: Any, given: dict[str, Any]) -> "Table":
    """A table of a panel, read by the clock of its sources; those of several clocks need times with an offset from UTC."""
    from enstorage.sources.tables import TableOptions, read_table
    from enstorage.sources.tables.options import clock_of_tables
    from enstorage.sources.tables.read import read_with_offsets

    clocks = {(source.time_zone, source.clock.is_counter): source.clock for source in panel.sources().values()}
    if len(clocks) < 2 or given.get("time_zone"):
        return read_table(table, TableOptions.of(next(map(clock_of_tables, clocks.values()), {}) | given))
    found = read_with_offsets(table, TableOptions.of(given))
    if found is None or any(clock.is_counter for clock in clocks.values()):
        raise InvalidInputError(
            f"The sources of {panel} have several clocks: {', '.join(sorted({zone for zone, _ in clocks}))}. Give times "
            "with an offset from UTC, or write the points of each source by itself: source.write(times, values)."
        )
    return found


def _unknown(panel: Panel, keys: list[str], known: Mapping[str, object]) -> NotFoundError:
    shown = ", ".join(map(repr, [*known][:8])) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return NotFoundError(
        f"{panel} has no source with the key {', '.join(map(repr, keys[:5]))}; known are {shown or 'none'}. Add a source: "
        "panel.add(key, source)."
    )
