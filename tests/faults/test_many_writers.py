"""Eight processes that write at once lose nothing, and none of them sees an error."""

import deltalake
import pytest
from amount import OPERATIONS_OF_WRITERS
from kept import DAY
from workload import KINDS_OF_WRITING, WRITERS

import enstorage
from enstorage import Connector, DataSource, Model, Project

_SHORT = 800
# The last is tried in the long form only.
DATABASES = [
    "sqlite",
    pytest.param("mariadb", marks=pytest.mark.long),
    *(["postgresql"] if OPERATIONS_OF_WRITERS else []),
]


@pytest.fixture(params=DATABASES)
def database(request):
    return request.param


@pytest.fixture
def urls(database, tmp_path, empty_database):
    """Of a store with a source and a model that all writers share."""
    folder = tmp_path / "store"
    database = f"sqlite:///{folder}/enstorage.sqlite" if database == "sqlite" else empty_database(database, "writers")
    urls = [database, f"delta:{folder}/series", f"file:{folder}/objects"]
    with Connector(*urls) as connector:
        source = DataSource(name="shared").save()
        Project(name="shared", data_source=source).create_research("shared").create_model("shared")
    connector.close()
    return urls


def turns(count, *kinds):
    """The writers and turns of some kinds of writing."""
    return [(writer, turn) for writer in range(WRITERS) for turn in range(count) if turn % KINDS_OF_WRITING in kinds]


@pytest.mark.slow
def test_eight_processes_that_write_at_once_lose_nothing(database, urls, zygote, figures):
    count = (OPERATIONS_OF_WRITERS or _SHORT) // WRITERS
    with figures("writers", "mixed", database=database, writers=WRITERS, operations=count * WRITERS) as row:
        forked = [
            zygote.fork("workload:write_mixed", urls=urls, writer=writer, count=count) for writer in range(WRITERS)
        ]
        for each in forked:
            each.finish()
            assert each.said("finished") == [count]
    row["operations_per_second"] = round(row["operations"] / row["seconds"])
    with Connector(*urls) as connector:
        model, source = Model.get(1), DataSource.get(1)
        facts = model.metas()
        # Of the last that each writer recorded under the key of all, one is there.
        assert tuple(facts.pop("of all")) in {
            max(turns(count, 3), key=lambda each: (each[0] == w, each[1])) for w in range(8)
        }
        expected = {f"{writer} {turn}": turn for writer, turn in turns(count, 1, 2)}
        expected |= {f"{writer} {turn} {part}": part for writer, turn in turns(count, 6) for part in range(5)}
        assert facts == expected
        numbers = sorted(turn * WRITERS + writer for writer, turn in turns(count, 4))
        assert [array.tolist() for array in source.read()] == [[n * DAY for n in numbers], [n + 0.5 for n in numbers]]
        numbers = sorted(turn * WRITERS + writer for writer, turn in turns(count, 5))
        assert model.curves().rows() == [(n, n + 0.5) for n in numbers]
        kept = {
            f"{writer} {turn}": f"{writer} {turn + 7}" if turn + 7 < count else ""
            for writer, turn in turns(count, 0)
            if turn // KINDS_OF_WRITING % 2 == 0 or turn + 7 >= count
        }
        assert {record.name: record.unit for record in DataSource.get_list() if record != source} == kept
        assert enstorage.check() == []
    connector.close()
    # Joining small files succeeds although others write at the same time; else everything would become ever slower.
    assert len(deltalake.DeltaTable(urls[1].removeprefix("delta:")).file_uris()) < 80
