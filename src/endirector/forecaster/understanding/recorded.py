"""Series that are in the store already, as a table would be understood."""

import time
from collections.abc import Mapping
from typing import Any

from endirector.forecaster.understanding.reading import TableForm
from endirector.forecaster.understanding.seasons import Season, find_season, remarks_on_gaps
from endirector.forecaster.understanding.stored import StoredCovariates, Understood
from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError


def recorded(record: DataSource | Panel, told: Mapping[str, Any], season: Season | None) -> Understood:
    """Take a snapshot of the sources and look at them; nothing is copied.

    Args:
        record: a source, which becomes the only one of a panel of its name, or a panel.
        told: arguments of `autoforecast` that say how a table is to be read; those of a record are its own.
        season: as told; None: found.

    Raises:
        InvalidInputError: such an argument is given, or a source has no points, no interval or another one than the others.
    """
    started = time.monotonic()
    given = [name for name, option in told.items() if option is not None]
    if given:
        raise InvalidInputError(
            f"The store has {_named(record)}, and {', '.join(given)} says how a table is to be read. Leave it out, or "
            "change the record."
        )
    _check_clocks(record)
    panel = record if isinstance(record, Panel) else _panel_of(record)
    sources = panel.sources()
    snapshots = dict(zip(sources, panel.create_snapshots(), strict=True))
    values = {key: snapshot.read()[1] for key, snapshot in snapshots.items()}
    season = season or find_season(next(iter(sources.values())).clock, values)
    read = f"Read {_named(record)}: {sum(map(len, values.values()))} buckets."
    return Understood(
        panel=panel,
        snapshots=snapshots,
        values=values,
        season=season.buckets,
        form={},
        hierarchy=None,
        covariates=StoredCovariates(known={}, past={}, groups={}, form=TableForm({}, None, (), ())),
        remarks=(read, *remarks_on_gaps(values), season.reason),
        seconds=time.monotonic() - started,
    )


def _named(record: DataSource | Panel) -> str:
    return f"the {'source' if isinstance(record, DataSource) else 'panel'} {record.name}"


def _check_clocks(record: DataSource | Panel) -> None:
    intervals = {
        str(source.time_interval): source
        for source in ([record] if isinstance(record, DataSource) else record.sources().values())
    }
    if "None" in intervals:
        raise InvalidInputError(
            f"{intervals['None']} has no time_interval, so its points are not grouped; expected one, such as 1d. Set it."
        )
    if len(intervals) > 1:
        (first, one), (second, other), *_ = intervals.items()
        raise InvalidInputError(
            f"The sources of {_named(record)} have several intervals: {one} {first} and {other} {second}; expected the same "
            "one. Forecast them apart."
        )


def _panel_of(source: DataSource) -> Panel:
    """The panel of one source that was made by an earlier forecast of it, or a new one."""
    for panel in Panel.get_list(connector=source.connector):
        if panel.name == source.name and [each.id for each in panel.sources().values()] == [source.id]:
            return panel
    made = Panel(name=source.name, connector=source.connector)
    made.add(source.name, source)
    return made
