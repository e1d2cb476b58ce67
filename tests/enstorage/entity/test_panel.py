"""A panel: a named set of sources with a key for each, and what is made of all of them at once."""

import numpy as np
import polars as pl
import pytest

import enstorage
from enstorage import DataSet, DataSource, Panel, PanelMember, Project
from enstorage.adapter import Branches, Window
from enstorage.errors import ImmutableError, InUseError, InvalidInputError, NotFoundError

DAYS = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")


def sales(stores=("Riga", "Oslo", "Bern")):
    """A row a day and store; each store opened some days after the one before."""
    tables = []
    for number, store in enumerate(stores):
        days = DAYS[3 * number :]
        tables.append(pl.DataFrame({"store": store, "date": days, "sales": 10.0 * number + np.arange(len(days))}))
    return pl.concat(tables)


def columns():
    return {"series": "store", "time": "date", "value": "sales"}


@pytest.fixture
def panel(store):
    return Panel.from_table(sales(), name="Sales", **columns(), time_interval="1d", unit="t")


class PanelContract:
    """What panels promise on every database."""

    database: str

    def test_a_table_becomes_a_source_for_each_series(self, store):
        panel = Panel.from_table(sales(), name="Sales", **columns(), time_interval="1d", unit="t")
        sources = panel.sources()
        assert list(sources) == ["Riga", "Oslo", "Bern"]
        assert [source.name for source in sources.values()] == ["Sales Riga", "Sales Oslo", "Sales Bern"]
        assert {(source.time_interval, source.aggregate, source.unit) for source in sources.values()} == {
            ("1d", "mean", "t")
        }
        assert [len(source.read()[0]) for source in sources.values()] == [40, 37, 34]
        assert enstorage.check() == []

    def test_sources_are_added_one_by_one_or_together(self, store):
        panel, sources = Panel(name="Stars"), [DataSource(name=name) for name in "abc"]
        assert panel.add("A", sources[0]).panel == panel
        panel.add_all({"a": sources[1], "ä": sources[2]})  # keys are case-sensitive, as all texts are
        assert Panel.get(panel.id).sources() == dict(zip("Aaä", sources, strict=True))
        assert [member.data_source for member in panel.members()] == sources

    def test_a_key_and_a_source_stand_once_in_a_panel(self, store, census):
        panel, first, second = Panel(name="Stars"), DataSource(name="a").save(), DataSource(name="b").save()
        panel.add("a", first)
        before = census(store)
        for sources, message in [
            ({"a": second}, r"Panel\(1, 'Stars'\) has a source with the key 'a' already. Give another key"),
            ({"b": first}, r"DataSource\(1, 'a'\) is in Panel\(1, 'Stars'\) already, with the key 'a'"),
            ({"b": second, "c": second}, r"DataSource\(2, 'b'\) is in Panel\(1, 'Stars'\) already, with the key 'b'"),
            ({"b": DataSource(name="new"), "a": second}, "has a source with the key 'a' already"),
        ]:
            with pytest.raises(InvalidInputError, match=message):
                panel.add_all(sources)
            assert census(store) == before
        Panel(name="another").add("a", first)

    def test_a_member_is_found_by_panel_and_key(self, store):
        for name in ("Stars", "Moons"):
            Panel(name=name).add("a", DataSource(name=f"{name} a"))
        found = PanelMember.find("panel.name = 'Moons' and key = 'a'")
        assert [member.data_source.name for member in found] == ["Moons a"]
        Project(name="p", panel=Panel.get(2)).create_research("r").create_model("m")
        (model,) = enstorage.Model.find("research.project.panel.name = 'Moons'")
        assert model.research.project.panel.sources() == {"a": DataSource.get(2)}
        assert enstorage.Model.find("research.project.panel.name = 'Stars'") == []

    def test_deleting_a_panel_leaves_its_sources(self, store):
        panel = Panel(name="Stars")
        panel.add("a", DataSource(name="a"))
        project = Project(name="p", panel=panel).save()
        with pytest.raises(InUseError, match=r"Panel\(1, 'Stars'\) is in use by Project\(1, 'p'\)"):
            panel.delete()
        *parts, last = [type(record).__name__ for record in panel.delete(cascade=True)]
        assert (sorted(parts), last) == (["PanelMember", "Project"], "Panel")
        assert project not in Project.get_list()
        assert [source.name for source in DataSource.get_list()] == ["a"]

    def test_deleting_a_source_takes_it_out_of_its_panels_and_no_more(self, store):
        panel = Panel(name="Stars")
        panel.add_all({name: DataSource(name=name) for name in "ab"})
        project = Project(name="p", panel=panel).save()
        with pytest.raises(InUseError, match=r"in use by PanelMember\(1\)"):
            DataSource.get(1).delete()
        DataSource.get(1).delete(cascade=True)
        assert project.panel.sources() == {"b": DataSource.get(2)}
        assert enstorage.check() == []


class TestSqlite(PanelContract):
    database = "sqlite"


class TestMariaDb(PanelContract):
    database = "mariadb"


class TestPostgreSql(PanelContract):
    database = "postgresql"


def test_every_kind_of_table_is_taken(store):
    pd = pytest.importorskip("pandas")
    plain = sales()
    for number, table in enumerate([plain, plain.to_arrow(), plain.to_pandas(), plain.sort("sales")]):
        panel = Panel.from_table(table, name=f"panel {number}", **columns())
        assert {key: source.read()[1].tolist() for key, source in panel.sources().items()} == {
            "Riga": np.arange(40.0).tolist(),
            "Oslo": (10 + np.arange(37.0)).tolist(),
            "Bern": (20 + np.arange(34.0)).tolist(),
        }
    numbers = pd.DataFrame({"series": [7, 12], "time": ["2024-01-01", "2024-01-01T12:00"], "value": [1, 2]})
    assert list(Panel.from_table(numbers, name="numbers").sources()) == ["7", "12"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda table: table.rename({"sales": "value"}),
            "no column 'sales'; it has store, date, value. Name the columns",
        ),
        (lambda table: table.clear(), "The table has no rows"),
        (
            lambda table: table.with_columns(store=pl.lit(None)),
            "row 1, column 'store': '' is no key of a series. Further bad rows: 110",
        ),
        (lambda table: table.with_columns(store=pl.lit(1.5)), "The column 'store' cannot be used: .*received 1.5"),
        (lambda table: table.with_columns(store=pl.lit("")), "The column 'store' cannot be used: .*received ''"),
        (lambda table: table.with_columns(sales=pl.lit(None)), "holds no points: no row has both a time and a value"),
        (
            lambda table: table.with_columns(date=DAYS[0]),
            "row 2, column 'date': .* is the time 2024-01-01T00:00:00Z of row 1 again",
        ),
        (lambda table: table.to_dicts(), "A list is not a table"),
        (lambda table: "sales.csv", "sales.csv does not exist; expected a table"),
    ],
)
def test_a_table_that_cannot_be_used_changes_nothing(store, census, change, message):
    with pytest.raises(InvalidInputError, match=message):
        Panel.from_table(change(sales()), name="Sales", **columns())
    assert set(census(store).values()) == {0}


def test_all_points_are_one_long_table(panel):
    table = panel.read()
    assert table.columns == ["series", "key", "time", "value"]
    assert table.select("key", "value").equals(sales().select(key="store", value="sales"))
    assert panel.read("2024-01-31", "2024-02-01")["value"].to_list() == [30.0, 37.0, 44.0]
    again = Panel.from_table(table, name="copy", series="key")
    assert again.read().drop("series").equals(table.drop("series"))


def test_an_empty_panel_reads_as_an_empty_table_and_has_nothing_to_fix(store):
    panel = Panel(name="Stars").save()
    assert panel.read().schema == {"series": pl.Int64, "key": pl.String, "time": pl.Int64, "value": pl.Float64}
    with pytest.raises(InvalidInputError, match=r"Panel\(1, 'Stars'\) has no sources. Add some"):
        panel.create_snapshots()


def test_later_points_are_written_by_key(panel):
    later = pl.DataFrame({"store": ["Oslo", "Riga", "Oslo"], "date": DAYS[[-2, -2, -1]], "sales": [1.0, 2.0, 3.0]})
    assert panel.write(later, **columns()) == 3
    assert panel.sources()["Oslo"].read()[1][-2:].tolist() == [1.0, 3.0]
    assert panel.sources()["Bern"].read()[1][-1] == 53.0


def test_points_of_a_key_that_is_not_in_the_panel_are_refused_whole(panel, census):
    before = census(panel.connector)
    with pytest.raises(NotFoundError, match=r"no source with the key 'Graz'; known are 'Riga', 'Oslo', 'Bern'\. Add"):
        panel.write(sales(["Riga", "Graz"]), **columns())
    assert census(panel.connector) == before


def test_snapshots_and_preparations_are_made_in_one_call_of_one_moment(panel):
    snapshots = panel.create_snapshots("first")
    assert [snapshot.data_source for snapshot in snapshots] == [*panel.sources().values()]
    assert len({snapshot.series_version for snapshot in snapshots}) == 1
    preparations = panel.create_preparations("linear", "standard", 0.5, 0.2, 0.3)
    assert {each.transform_method for each in preparations} == {"standard"}
    assert [each.rows for each in preparations] == [40, 37, 34]


def test_a_series_of_one_value_does_not_keep_a_panel_from_being_prepared(panel):
    panel.add("short", DataSource(name="short", time_interval="1d"))
    panel.sources()["short"].write([DAYS[0]], [1.0])
    with pytest.warns(
        UserWarning, match=r"1 of 4 series have too few rows.*DataSource\(4, 'short'\)\. To have them judged"
    ):
        preparations = panel.create_preparations("drop", "standard", 0.5, 0.2, 0.3)
    assert [each.rows for each in preparations] == [40, 37, 34, 1]
    pooled = DataSet.from_preparations(preparations, Window(3))
    assert set(pooled.series("test")) == {source.id for source in list(panel.sources().values())[:3]}


def test_where_one_source_cannot_be_prepared_nothing_is_kept(panel, census):
    panel.add("short", DataSource(name="short", time_interval="1d"))
    panel.sources()["short"].write([DAYS[0]], [-1.0])
    before = census(panel.connector)
    with pytest.raises(InvalidInputError, match="cannot be prepared"):
        panel.create_preparations("drop", "log")
    kept = census(panel.connector)
    assert {name: count for name, count in kept.items() if name != "objects"} == {
        name: count for name, count in before.items() if name != "objects"
    }


@pytest.fixture
def pooled(panel):
    return DataSet.from_preparations(panel.create_preparations("drop", "minmax", 0.5, 0.2, 0.3), Window(3))


@pytest.fixture
def research(panel):
    return Project(name="All stores", panel=panel).create_research("pooled")


def test_a_model_over_a_panel_is_one_model_with_one_table_of_forecasts(panel, pooled, research):
    model = research.create_model("as yesterday")
    model.data_set(pooled)
    _, X, _ = pooled.arrays("test")
    ids, _ = pooled.targets("test")
    model.save_forecasts("test", ids, pooled.invert(X[:, -1], "test"), series=pooled.series("test"))
    table = panel.with_keys(model.forecasts())
    assert table.columns[:3] == ["part", "series", "key"]
    assert dict(table["key"].value_counts().rows()) == {"Riga": 12, "Oslo": 11, "Bern": 10}
    assert model.lineage().records[:3] == tuple(panel.sources().values())
    assert panel.lineage().records == (*panel.sources().values(), panel)
    with pytest.raises(InvalidInputError, match="samples of several series; expected the series of each forecast"):
        model.save_forecasts("test", ids, X[:, -1])


def test_keys_of_series_outside_of_the_panel_are_null(panel):
    table = pl.DataFrame({"series": [2, 99], "value": [1.0, 2.0]})
    assert panel.with_keys(table)["key"].to_list() == ["Oslo", None]
    with pytest.raises(InvalidInputError, match="no column 'series', but a; expected a table such as"):
        panel.with_keys(pl.DataFrame({"a": [1]}))


def test_a_model_of_one_series_needs_not_be_told_which(panel, research):
    oslo = panel.sources()["Oslo"]
    data_set = oslo.create_snapshot().create_preparation().create_set(Window(3))
    model = research.create_model("only Oslo")
    model.data_set(data_set)
    ids, truth = data_set.targets("test")
    model.save_forecasts("test", ids, truth)
    assert set(model.forecasts()["series"]) == {oslo.id}


def test_forecasts_without_data_set_name_their_series(panel, research):
    model = research.create_model("from elsewhere")
    with pytest.raises(InvalidInputError, match=r"Project\(1, 'All stores'\) has samples of several series"):
        model.save_forecasts("test", [DAYS[0]], [1.0])
    with pytest.raises(InvalidInputError, match="Data source 99 is not one of those"):
        model.save_forecasts("test", [DAYS[0]], [1.0], series=[99])
    model.save_forecasts("test", [DAYS[0], DAYS[0]], [1.0, 2.0], series=[1, 2])
    assert model.forecasts()["series"].to_list() == [1, 2]


def test_data_of_sources_outside_of_the_panel_are_refused(panel, pooled, research):
    other = DataSource(name="weather", time_interval="1d")
    other.write(DAYS, np.arange(40.0))
    outside = other.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    message = r"is over Panel\(1, 'Sales'\); DataPreparation\(4\) was made from data source 4, which is not in it"
    with pytest.raises(InvalidInputError, match=message):
        research.project.create_research("weather", outside)
    model = research.create_model("m")
    with pytest.raises(InvalidInputError, match=r"has samples of data source 4, which is not in Panel\(1, 'Sales'\)"):
        model.data_set(DataSet.from_preparations([*pooled.preparations(), outside], Window(3)))
    arrays = DataSet.from_arrays(np.arange(9), np.ones((9, 2)), np.ones(9), ["train"] * 6 + ["test"] * 3, "arrays")
    with pytest.raises(InvalidInputError, match="was made from arrays, which have no series"):
        model.data_set(arrays)
    assert model.data_set_id is None
    first = pooled.preparations()[0]
    model.data_set(first.create_set(Branches([first, outside], lag=3)))  # an input beside the series is no target


def test_a_source_that_is_added_later_takes_part_from_the_next_preparations_on(panel, pooled):
    graz = DataSource(name="Graz", time_interval="1d")
    graz.write(DAYS[10:], np.arange(30.0))
    panel.add("Graz", graz)
    assert len(pooled.preparations()) == 3
    assert [each.rows for each in panel.create_preparations()] == [40, 37, 34, 30]


def test_a_source_leaves_only_a_panel_over_which_nothing_was_made_of_it(panel, pooled, research):
    panel.remove("Bern")
    assert list(panel.sources()) == ["Riga", "Oslo"]
    panel.add("Bern", DataSource.get(3))
    research.create_model("m").data_set(pooled)
    for key in ("Riga", "Bern"):  # the first one's preparation is named by the research, the other one's by the set
        with pytest.raises(InUseError, match=rf"key '{key}' cannot leave Panel\(1, 'Sales'\): Research\(1, 'pooled'\)"):
            panel.remove(key)
    with pytest.raises(NotFoundError, match="no source with the key 'Graz'"):
        panel.remove("Graz")
    assert len(panel.sources()) == 3


def test_a_key_may_change_and_a_source_may_not(panel):
    member = panel.members()[0]
    member.key = "Riga, old town"
    member.save()
    assert next(iter(panel.sources())) == "Riga, old town"
    member.data_source_id = 3
    with pytest.raises(ImmutableError, match="cannot change its data_source_id"):
        member.save()
    with pytest.raises(InvalidInputError, match="The key of a series must be a text of 1 to 255 characters"):
        member.key = ""


def test_a_project_is_over_one_source_or_one_panel(panel, census):
    before = census(panel.connector)
    source = DataSource.get(1)
    for wrong, message in [
        ({}, "expected either data_source or panel, received neither"),
        ({"data_source": source, "panel": panel}, "received both"),
        ({"data_source": panel}, r"Panel\(1, 'Sales'\) is not a DataSource; expected one, such as DataSource.get\(1\)"),
        ({"panel": source}, r"is not a Panel; expected one, such as Panel.get\(1\)"),
    ]:
        with pytest.raises(InvalidInputError, match=message):
            Project(name="p", **wrong)
    assert census(panel.connector) == before
    one, many = Project(name="one", data_source=source).save(), Project(name="many", panel=panel).save()
    assert (one.data_source, one.panel, one.source_ids()) == (source, None, [1])
    assert (many.data_source, many.panel, many.source_ids()) == (None, panel, [1, 2, 3])
    assert panel.projects() == [many]
    assert source.projects() == [one]


def test_snapshots_and_preparations_may_bear_a_name(panel):
    source = DataSource.get(1)
    snapshot = source.create_snapshot(name="of the audit")
    preparation = snapshot.create_preparation("linear", name="filled")
    assert [str(each) for each in (snapshot, preparation)] == [
        "DataSnapshot(1, 'of the audit')",
        "DataPreparation(1, 'filled')",
    ]
    assert enstorage.DataSnapshot.find("name = 'of the audit'") == [snapshot]
    snapshot.name = None
    assert snapshot.save().name is source.create_snapshot().name is None
    preparation.name = ""
    with pytest.raises(InvalidInputError, match="The name of a DataPreparation must be a text of 1 to 255 characters"):
        preparation.save()


@pytest.mark.long
def test_a_panel_of_a_thousand_sources_takes_seconds(store):
    """One statement and one commit for all, not one for each."""
    rows = pl.DataFrame(
        {"series": np.repeat(np.arange(1000), 3), "time": np.tile(DAYS[:3], 1000), "value": np.ones(3000)}
    )
    panel = Panel.from_table(rows, name="Meters", time_interval="1d")
    assert len(panel.sources()) == 1000
    assert store.series.version() < 5
    assert panel.read().height == 3000
