"""A table as a panel in the store, and how it was understood."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from endirector.forecaster.hierarchy.sums import write_sums
from endirector.forecaster.understanding.reading import COVARIATES, Reading, TableForm
from endirector.forecaster.understanding.seasons import Season, find_season, remarks_on_gaps
from enstorage import DataSnapshot, Panel, save_all
from enstorage.sources.tables import Table
from enstorage.sources.tables.raw.table import RawTable


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCovariates:
    """Covariates in the store.

    Attributes:
        known: the panel of each that is known ahead, by its name.
        past: the panel of each that is known up to now, by its name.
        groups: of each static one the text of each series, by key.
        form: of the table, by which further rows are read.
    """

    known: Mapping[str, Panel]
    past: Mapping[str, Panel]
    groups: Mapping[str, Mapping[str, str]]
    form: TableForm

    @property
    def panels(self) -> dict[str, Panel]:
        """All panels, by name."""
        return {**self.known, **self.past}

    def read(self, cells: RawTable) -> tuple[dict[str, Table], list[str]]:
        """The values of covariates in further rows, and a remark on covariates that they have no column of.

        Args:
            cells: of a table of the same form as the first one.

        Raises:
            InvalidInputError: a column cannot be read.
        """
        missing = [name for name in self.panels if name not in cells.frame.columns]
        tables = {name: self.form.read_covariate(cells, name) for name in self.panels if name not in missing}
        return tables, [f"The new table has no values of {', '.join(missing)}."] if missing else []

    def write(self, tables: Mapping[str, Table]) -> None:
        """Store the values of covariates, by name."""
        for name, table in tables.items():
            self.panels[name].write(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A table in the store.

    Attributes:
        panel: of its series.
        snapshots: of their states, by key.
        values: of the snapshots in source units, NaN in gaps, shape (n,) each, by key.
        season: buckets in a season; 1 for none.
        form: the options of `Panel.write` for further rows, see `Reading.form`.
        covariates: of the series.
        hierarchy: of the series; None for none.
        remarks: one sentence for each thing that was found.
        seconds: that it took to store.
    """

    panel: Panel
    snapshots: Mapping[str, DataSnapshot]
    values: Mapping[str, NDArray[np.float64]]
    season: int
    form: Mapping[str, Any]
    covariates: StoredCovariates
    hierarchy: Hierarchy | None
    remarks: tuple[str, ...]
    seconds: float = 0.0


def store(reading: Reading, name: str | None, unit: str, season: Season | None) -> Understood:
    """Store a table and look at its series.

    Args:
        reading: the table.
        name: of the panel; None: `Forecast`.
        unit: of the values.
        season: as told or understood before; None: found.
    """
    reading.check_buckets()
    started = time.monotonic()
    groups, form, name = reading.groups("static"), reading.columns_of_table, name or "Forecast"
    hierarchy = Hierarchy.of(reading.groups("hierarchy"), [*reading.table.by_series()])
    roles = {role: reading.told.get(role, ()) for role in ("known", "past")}
    tables = {each: form.read_covariate(reading.cells, each) for names in roles.values() for each in names}
    panel = Panel.from_table(reading.table, name=name, unit=unit, **reading.options())
    options = reading.options_of_covariates()
    panels = {
        role: {each: Panel.from_table(tables[each], name=f"{name}: {each}", **options) for each in names}
        for role, names in roles.items()
    }
    if hierarchy is not None:
        write_sums(panel, hierarchy)
    sources = panel.sources()
    for group, texts in groups.items():
        for key, text in texts.items():
            if key in sources:
                sources[key].tags = {**sources[key].tags, group: text}
    if groups:
        save_all(sources.values())
    snapshots = dict(zip(sources, panel.create_snapshots(), strict=True))
    values = {key: snapshot.read()[1] for key, snapshot in snapshots.items()}
    season = season or find_season(next(iter(sources.values())).clock, values)
    return Understood(
        panel=panel,
        snapshots=snapshots,
        values=values,
        season=season.buckets,
        form=reading.form(),
        hierarchy=hierarchy,
        covariates=StoredCovariates(**panels, groups=groups, form=form),
        remarks=(*_lines(reading), *reading.remarks, *remarks_on_gaps(values), season.reason),
        seconds=time.monotonic() - started,
    )


def _lines(reading: Reading) -> list[str]:
    """The sentences on the table as it was read, in which columns of covariates are not left out."""
    used = {name for role in COVARIATES for name in reading.told.get(role, ())}
    report = reading.table.report
    return replace(report, left_out=tuple(name for name in report.left_out if name not in used)).lines()
