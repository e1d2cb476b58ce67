"""Points, tables, charts, uploads, results and everything around records, over REST."""

import io
import json
import threading
import time

import numpy as np
import polars as pl
import pytest
from uploaded import make_ensemble

from enmyadmin.server.settings import ServerSettings
from enstorage import DataSource, Ensemble, Model, Panel

V1 = "/api/v1"
CSV = {"content-type": "text/csv"}


@pytest.fixture
def filled_with():
    return make_ensemble


@pytest.fixture
def settings():
    return ServerSettings(max_upload_bytes=200_000, max_rows=1_000, max_streams=2, stream_seconds=20, poll_seconds=0.2)


def test_points_come_as_csv_parquet_excel_and_line_protocol(api):
    text = "time,value\n1970-02-01,5\n1970-02-02,6\n"
    parquet = io.BytesIO()
    pl.read_csv(io.StringIO(text)).write_parquet(parquet)
    answers = [
        api.post(f"{V1}/data-sources/1/points", content=text, headers=CSV),
        api.post(
            f"{V1}/data-sources/1/points",
            content=parquet.getvalue(),
            headers={"content-type": "application/vnd.apache.parquet"},
        ),
        api.post(f"{V1}/data-sources/1/points", files={"file": ("any name/../x.csv", text.encode())}),
    ]
    assert [answer.json()["points"] for answer in answers] == [2, 2, 2]
    lines = b"data_source,mysql_id=1 value=0.5 2678400000000000\n"
    answer = api.post(
        f"{V1}/data-sources/1/points", params={"precision": "ns"}, content=lines, headers={"content-type": "text/plain"}
    )
    assert answer.json()["points"] == 1
    found = api.get(f"{V1}/data-sources/1/points", params={"time_from": "1970-02-01"}).json()
    assert found == {
        "rows": 2,
        "columns": {"time": ["1970-02-01T00:00:00Z", "1970-02-02T00:00:00Z"], "value": [0.5, 6.0]},
    }


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"time,value\n1970-02-01,5\n1970-02-02,bad\n", CSV, 422),
        (b"time,value\n", CSV, 422),
        (b"", CSV, 422),
        (b"\xff\xfe\x00\xd8", CSV, 422),
        (b"time,value\n" + b"1970-02-01,5\n" * 20_000, CSV, 413),
        (b"PAR1 no parquet", {"content-type": "application/vnd.apache.parquet"}, 422),
        (b"no line", {"content-type": "text/plain"}, 422),
        (b"\x1f\x8b no gzip", CSV | {"content-encoding": "gzip"}, 422),
        (b"x", CSV | {"content-encoding": "br"}, 415),
        (b"x", {"content-type": "image/png"}, 415),
        (b"x", {}, 415),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_written(api, store, census, content, headers, status):
    before = census(store)
    answer = api.post(f"{V1}/data-sources/1/points", content=content, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert "/tmp" not in answer.text
    assert census(store) == before


def test_points_are_read_as_files_aggregated_and_deleted(api):
    answer = api.get(f"{V1}/data-sources/1/points", params={"format": "csv", "interval": "1d", "aggregate": "max"})
    assert answer.text.splitlines()[0] == "time,value"
    assert len(answer.text.splitlines()) == 4
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''s.csv"
    table = pl.read_parquet(api.get(f"{V1}/data-sources/1/points", params={"format": "parquet"}).content)
    assert table.height == 60
    assert api.delete(f"{V1}/data-sources/1/points", params={"time_from": "1970-01-02"}).json() == {"deleted": 36}
    wrong = api.get(f"{V1}/data-sources/1/points", params={"time_from": "yesterday"})
    assert (wrong.status_code, wrong.headers["content-type"]) == (422, "application/problem+json")


def test_more_rows_than_the_limit_are_refused(api):
    source = DataSource.get(1)
    source.write(np.arange(2_000) * 3_600 * 10**9, np.zeros(2_000))
    answer = api.get(f"{V1}/data-sources/1/points")
    assert (answer.status_code, answer.json()["field"]) == (422, "time_from")
    assert api.get(f"{V1}/data-sources/1/series", params={"width": 10}).json()["shown"] == 20


@pytest.mark.parametrize("path", ["snapshots", "preparations", "ensembles", "forecasts", "tables"])
def test_rows_of_records_are_tables(api, path):
    answer = api.get(f"{V1}/{path}/1/table").json()
    assert answer["rows"] > 0
    assert {len(column) for column in answer["columns"].values()} == {answer["rows"]}
    assert len(api.get(f"{V1}/{path}/1/table", params={"format": "csv"}).text.splitlines()) == answer["rows"] + 1


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("data-sources", {"value"}),
        ("snapshots", {"value"}),
        ("preparations", {"value", "prepared"}),
        ("models", {"truth", "forecast"}),
        ("ensembles", {"truth", "forecast", "members", "names"}),
    ],
)
def test_series_are_drawn(api, path, lines):
    chart = api.get(f"{V1}/{path}/1/series", params={"width": 20}).json()
    assert lines <= chart.keys()
    assert chart["shown"] == len(chart["time"]) <= 40
    assert api.get(f"{V1}/{path}/1/series", params={"width": 0}).status_code == 422


def test_facts_and_curves_of_a_model(api):
    assert api.put(f"{V1}/models/1/facts/loss%2Ftest", json={"value": [1, None, "a"]}).json() == {
        "value": [1, None, "a"]
    }
    Model.get(1).log([1, 2], loss=[0.5, float("nan")])
    assert api.get(f"{V1}/models/1/facts").json() == {"loss/test": [1, None, "a"]}
    assert api.get(f"{V1}/models/1/history").json() == {"step": [1, 2], "curves": {"loss": [0.5, None]}}
    answer = api.put(f"{V1}/models/1/facts/trained_on", json={})
    assert (answer.status_code, answer.json()["field"]) == (422, "value")


@pytest.mark.long
def test_an_object_is_uploaded_and_downloaded_as_it_is(api, tmp_path):
    import skops.io
    from sklearn.linear_model import LinearRegression

    content = skops.io.dumps(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]))
    answer = api.put(f"{V1}/models/1/object", files={"file": ("model.skops", content)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["object_format"] == "skops"
    download = api.get(f"{V1}/models/1/object")
    assert len(download.content) == answer.json()["object_bytes"]
    for name, bad in (("model.pkl", b"cos\nsystem\n(S'true'\ntR."), ("model.skops", b"PK\x03\x04")):
        refused = api.put(f"{V1}/models/1/object", files={"file": (name, bad)})
        assert refused.status_code == 422
    assert api.get(f"{V1}/models/1/object").content == download.content


def test_everything_about_an_ensemble_is_read(api):
    import endirector

    items = api.get(f"{V1}/ensembles/1/items").json()
    assert [(each["name"], each["model_id"]) for each in items] == [("near", 1), ("far", 2)]
    assert api.get(f"{V1}/ensembles/1/weights").json() == {"near": 0.5, "far": 0.5}
    assert api.get(f"{V1}/ensembles/1/metrics").json()["test"]["ensemble"]["rows"] == 18
    assert api.get(f"{V1}/ensembles/1/leaderboard", params={"metric": "mae"}).json()["rows"][0]["rank"] == 1
    assert api.get(f"{V1}/ensembles/1/staleness").json() == []
    said = api.get(f"{V1}/ensembles/1/remarks").json()
    assert (said["mark"], said["is_diagnosed"]) == ("held-out, claimed", False)
    for path in ("report", "diagnosis", "intervals"):
        assert api.get(f"{V1}/ensembles/1/{path}").status_code == 404
    endirector.diagnose(Ensemble.get(1), progress=False)
    assert "suggestion" in api.get(f"{V1}/ensembles/1/diagnosis").json()
    assert api.get(f"{V1}/ensembles/1/remarks").json()["is_diagnosed"]
    report = api.get(f"{V1}/ensembles/1/report")
    assert report.text.startswith("<!")
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert '<html lang="en">' in report.text
    assert '<html lang="ru">' in api.get(f"{V1}/ensembles/1/report", params={"language": "ru"}).text
    assert api.get(f"{V1}/ensembles/1/report", params={"language": "de"}).json()["field"] == "language"


def test_lineage_comparison_and_search(api):
    graph = api.get(f"{V1}/lineage/model/1", params={"hops": 1}).json()
    assert {each["entity"] for each in graph["nodes"]} == {"model", "research", "ensemble"}
    assert api.get(f"{V1}/lineage/mdel/1").json()["field"] == "entity"
    assert api.get(f"{V1}/compare", params={"models": "1,2"}).json()["values"] == {"name": ["near", "far"]}
    for wrong in ({"models": "1"}, {"models": "a,b"}, {}, {"models": "1,2", "projects": "1"}, {"mdels": "1,2"}):
        assert api.get(f"{V1}/compare", params=wrong).status_code == 422
    assert [each["name"] for each in api.get(f"{V1}/search", params={"q": "NEAR"}).json()["items"]] == ["near"]


@pytest.mark.parametrize(
    ("path", "name"), [("methods", "voting"), ("networks", "lstm"), ("adapters", "window"), ("metrics", "mase")]
)
def test_catalogues_say_what_there_is(api, path, name):
    items = {each["name"]: each for each in api.get(f"{V1}/{path}").json()["items"]}
    assert name in items
    if name == "window":
        lag = next(each for each in items[name]["parameters"] if each["name"] == "lag")
        assert (lag["type"], lag["required"], bool(lag["help"])) == ("whole number", True, True)


def test_many_records_are_changed_at_once(api):
    tagged = api.post(f"{V1}/models/bulk", json={"action": "tag", "where": "id > 0", "tags": {"kind": "old"}}).json()
    assert [each["id"] for each in tagged["records"]] == [1, 2]
    assert Model.get(2).tags == {"kind": "old"}
    trashed = api.post(f"{V1}/models/bulk", json={"action": "trash", "ids": [1, 2]}).json()["records"]
    assert {(each["entity"], each["id"]) for each in trashed} == {("model", 1), ("model", 2), ("ensemble", 1)}
    restored = api.post(f"{V1}/models/bulk", json={"action": "restore", "where": "tags.kind = 'old'"}).json()["records"]
    assert {(each["entity"], each["id"]) for each in restored} == {("model", 1), ("model", 2), ("ensemble", 1)}
    api.post(f"{V1}/models/bulk", json={"action": "untag", "ids": [1], "tags": {"kind": None}})
    assert Model.get(1).tags == {}
    assert api.post(f"{V1}/models/bulk", json={"action": "purge", "ids": [1]}).status_code == 422
    for wrong in (
        {"action": "trash"},
        {"action": "trash", "ids": [1], "where": "id = 1"},
        {"action": "burn", "ids": [1]},
    ):
        assert api.post(f"{V1}/models/bulk", json=wrong).status_code == 422
    answer = api.post(f"{V1}/models/bulk", json={"action": "trash", "ids": list(range(1, 1_000_001))})
    assert (answer.status_code, answer.json()["field"]) == (422, "ids")


def test_everything_that_a_query_finds_is_exported(api):
    answer = api.get(f"{V1}/models/export", params={"format": "csv", "columns": "name", "order_by": "name"})
    assert answer.text == "id,name\n2,far\n1,near\n"
    assert api.get(f"{V1}/models/export", params={"format": "json", "columns": "name", "where": "id = 1"}).json() == [
        {"id": 1, "name": "near"}
    ]
    assert api.get(f"{V1}/models/export", params={"format": "xml"}).json()["field"] == "format"


def test_a_panel_has_members_and_points(api, store):
    Panel(name="Stores").save()
    assert api.post(f"{V1}/panels/1/members", json={"key": "a/b", "data_source_id": 1}).status_code == 201
    assert api.get(f"{V1}/panels/1/members").json() == [{"key": "a/b", "data_source_id": 1, "name": "s"}]
    columns = {"series_column": "store", "time_column": "time", "value_column": "value"}
    text = "store,time,value\na/b,1970-02-01,5\na/b,1970-02-02,5\n"
    assert api.post(f"{V1}/panels/1/points", params=columns, content=text, headers=CSV).json()["points"] == 2
    assert api.delete(f"{V1}/panels/1/members/a%2Fb").status_code == 204
    assert api.get(f"{V1}/panels/1/members").json() == []


def test_an_upload_is_kept_and_understood(api):
    months = "".join(f"2020-{month:02}-01,{month * 3 % 7}\n" for month in range(1, 13))
    kept = api.post(f"{V1}/uploads", files={"file": ("sales.csv", f"date,units\n{months}".encode())})
    assert (kept.status_code, kept.json()["name"]) == (201, "sales.csv")
    asked = {"upload": kept.json()["id"], "file_name": "sales.csv", "corrections": {"unit": "pieces"}}
    found = api.post(f"{V1}/forecast-data/understand", json=asked).json()
    assert (found["unit"], found["told"], found["season"]) == ("pieces", {"unit": "pieces"}, 12)
    assert "/tmp" not in json.dumps(found)
    for wrong in ({"corrections": {"nme": 1}}, {"corrections": {"season": "x"}}, {"upload": "../../etc/passwd"}):
        assert api.post(f"{V1}/forecast-data/understand", json=asked | wrong).status_code == 422
    assert api.post(f"{V1}/forecast-data/understand", json=asked | {"upload": "0" * 64}).status_code == 404


def watch(api, found, until):
    with api.stream("GET", f"{V1}/changes") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data:"):
                found.append((json.loads(line[5:]), time.monotonic()))
            if len(found) == until:
                return


def test_changes_by_another_process_are_seen_within_three_seconds(api, served):
    found = []
    with served.client() as other:
        thread = threading.Thread(target=watch, args=(other, found, 2))
        thread.start()
        while not found:
            time.sleep(0.01)
        changed = time.monotonic()
        model = Model.get(1)
        model.name = "renamed"
        model.save()
        thread.join(10)
    assert found[1][0] == {"entity": "model", "id": 1, "action": "changed"}
    assert found[1][1] - changed < 3


def test_event_streams_are_bounded(api, served):
    with served.client() as other, other.stream("GET", f"{V1}/changes"), other.stream("GET", f"{V1}/changes"):
        answer = api.get(f"{V1}/changes")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    for _ in range(100):
        time.sleep(0.1)
        with api.stream("GET", f"{V1}/changes") as answer:
            if answer.status_code == 200:
                return
    raise AssertionError("The places of closed streams stay taken.")
