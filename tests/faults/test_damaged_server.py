"""Files of MariaDB and PostgreSQL with damaged pages: `check` finds it, `gc` frees nothing, and nobody reads nothing."""

import pytest
from amount import PAGES
from kept import make_store
from noticing import READERS, outcome
from server_files import KINDS

import enstorage
from enstorage import Connector, DataCsv, DataSource, Model, Project

_EACH = PAGES // 10 or 1
_LATE = 200
_NOTHING = {"[]", "{}", "0", "[[]]", "[{}]"}
_READERS = [
    *READERS,
    lambda: [each.researches() for each in Project.find("name = 'late'")],
    lambda: [each.metas() for each in Model.find("name = 'late'")],
]


@pytest.fixture(scope="module", params=sorted(KINDS))
def files(request, tmp_path_factory):
    """The files of a server with a filled store: as they are, and as they were before the last records came."""
    made, folder = KINDS[request.param](), tmp_path_factory.mktemp("damaged")
    made.urls = [made.url, f"delta:{folder}/series", f"file:{folder}/objects"]
    try:
        connector = Connector(*made.urls)
        make_store(connector)
        connector.close()
        made.keep("early")
        connector = Connector(*made.urls)
        make_late(connector)
        connector.close()
        made.finish()
        made.keep("whole")
        yield made
    finally:
        made.close()


def make_late(connector):
    """Records of tables with indexes; without one, rows that are lost and that nothing refers to cannot be noticed."""
    with connector, connector.transaction():
        project = Project(name="late", data_source=DataSource.get(1)).save()
        research = project.create_research("late")
        research.create_model("late").metas({f"late {number}": number for number in range(_LATE)})
        for number in range(_LATE):
            research.create_model(f"late {number}")


def chosen(files, chance, way):
    """Pages to be damaged, of tables and of indexes, and what they shall contain."""
    pages = files.pages("whole")
    if way == "as it was before":
        every = [*pages["table"], *pages["index"]]
        older = [(page, files.read("early", page)) for page in every]
        older = [
            (page, content)
            for page, content in older
            if content and files.entries(content) < files.entries(files.read("whole", page))
        ]
        return chance.sample(older, min(2 * _EACH, len(older)))
    of_both = [page for kind in pages.values() for page in chance.sample(kind, min(_EACH, len(kind)))]
    make = chance.randbytes if way == "random bytes" else bytes
    return [(page, make(files.page_bytes)) for page in of_both]


@pytest.mark.parametrize("way", ["random bytes", "zeros", "as it was before"])
def test_a_page_that_was_overwritten_is_found_and_costs_nothing(files, chance, figures, way):
    files.restore("whole")
    files.server.start()
    whole = outcome(lambda: Connector(*files.urls), _READERS)
    assert whole[:2] == (False, False)
    damages = chosen(files, chance, way)
    with figures("damage", f"{files.title}: a page {'' if 'before' in way else 'of '}{way}", count=len(damages)) as row:
        row |= {"found": 0, "unharmed": 0}
        for page, content in damages:
            files.damage("whole", page, content)
            found, freed, answers = outcome(lambda: Connector(*files.urls), _READERS)
            assert not freed, page
            assert found or answers == whole[2], page  # rows that nobody asks for any more
            assert not _NOTHING & {each for each in answers if isinstance(each, str)}, page
            row["found"] += found
            row["unharmed"] += not found
        assert row["found"] > 0


@pytest.mark.parametrize("table", ["data_csv", "project", "model"])
def test_the_rows_of_a_table_whose_page_is_zeroed_are_not_counted_as_none(files, table):
    of_table = [page for page in files.pages("whole")["table"] if page[0] == files.names[table]]
    files.damage("whole", of_table[0], bytes(files.page_bytes))
    counts = [DataCsv.count, Project.count, Model.count, lambda: len(Project.find("name != 'x'"))]
    found, freed, answers = outcome(lambda: Connector(*files.urls), [*_READERS, *counts])
    assert found
    assert not freed
    assert not _NOTHING & {each for each in answers if isinstance(each, str)}


def test_a_server_that_is_whole_is_found_whole_also_by_a_user_who_may_not_call_amcheck(files):
    files.restore("whole")
    files.server.start()
    connector = Connector(*files.urls)
    assert enstorage.check(connector) == []
    if files.name == "postgresql":
        with connector.transaction() as session:
            session.connection().exec_driver_sql("CREATE EXTENSION amcheck")
        assert enstorage.check(connector) == []
        with connector.transaction() as session:
            session.connection().exec_driver_sql("CREATE ROLE reader LOGIN PASSWORD 'reader'")
            session.connection().exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        connector.close()
        url = files.url.replace(files.url.partition("://")[2].partition("@")[0], "reader:reader")
        connector = Connector(url, *files.urls[1:])
        assert connector.database.find_damage(references=True) == []
    connector.close()
