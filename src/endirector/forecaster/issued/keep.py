"""Keeping forecasts as they were said: a model without object for each, in a project of its own over the panel."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from enstorage import DataSource, Forecast, Model, Panel, Project
from enstorage.calendars.stamps import parse_time
from enstorage.errors import NotFoundError
from enstorage.preparation.split import Part

#: The tag of the project, and the fact of each model.
ISSUED = "issued_forecasts"


def issue(panel: Panel, table: pl.DataFrame, name: str, facts: Mapping[str, Any]) -> Model:
    """Keep a forecast as it is said.

    Args:
        panel: of the series.
        table: as `AutoForecast.table`.
        name: of the model.
        facts: JSON, kept with it.
    """
    sources = panel.sources()
    times = times_of(table, sources)
    rows = table.select(
        pl.Series("series", [sources[key].id for key in table["series"]], dtype=pl.Int64),
        pl.Series("id", [times[pair] for pair in table.select("series", "time").rows()], dtype=pl.Int64),
        "step",
        "quantile",
        "value",
    ).drop_nulls("value")
    with panel.connector as connector, connector.all_or_nothing(), connector.transaction():
        project = project_of(panel) or Project(name=f"{panel.name}: issued forecasts", panel=panel).save()
        if ISSUED not in project.tags:
            project.tags = {**project.tags, ISSUED: True}
            project.save()
        researches = project.researches()
        research = researches[0] if researches else project.create_research("Issued forecasts")
        model = research.create_model(name)
        model.meta(ISSUED, dict(facts))
        Forecast.store(model, Part.TEST.label, rows)
    return model


def times_of(table: pl.DataFrame, sources: Mapping[str, DataSource]) -> dict[tuple[str, str], int]:
    """The times of the pairs of `series` (key) and `time` (label) in a table, ns; a label of many series is read once."""
    read = cache(lambda label, time_zone, is_counter: parse_time(label, time_zone, is_counter=is_counter))
    clocks = {key: source.clock for key, source in sources.items()}
    pairs = table.select("series", "time").unique().rows()
    return {(key, label): read(label, clocks[key].time_zone, clocks[key].is_counter) for key, label in pairs}


def project_of(panel: Panel) -> Project | None:
    """The project with the issued forecasts of a panel; None if there are none."""
    projects = Project.get_list(connector=panel.connector)
    return next((each for each in projects if each.panel_id == panel.id and ISSUED in each.tags), None)


def issued_models(panel: Panel) -> list[Model]:
    """The forecasts that were said of a panel, the oldest first."""
    project = project_of(panel)
    return [] if project is None else project.models()


def latest(panel: Panel) -> Model:
    """The forecast that was said last.

    Raises:
        NotFoundError: none was.
    """
    found = issued_models(panel)
    if not found:
        raise NotFoundError(
            f"No forecast of {panel} was issued by autoforecast. Make one: endirector.autoforecast(table, horizon, "
            "connector=…)."
        )
    return found[-1]


def table_of(panel: Panel, model: Model) -> pl.DataFrame:
    """A forecast as it was said, as `AutoForecast.table`."""
    sources = panel.sources()
    rows = panel.with_keys(model.forecasts()).drop("series").rename({"key": "series"}).drop_nulls("series")
    labels = [sources[key].label(time) for key, time in rows.select("series", "id").rows()]
    order = pl.DataFrame({"series": [*sources]}).with_row_index("place")
    table = rows.with_columns(pl.Series("time", labels, dtype=pl.String)).join(order, on="series")
    return table.sort("place", "step", "quantile").select("series", "time", "step", "quantile", "value")
