"""InfluxDB 2 and 3: what is sent, and what is made of answers of the form that their documentation gives.

Neither server is in the packages of the system; nothing here was run against one.
"""

import numpy as np
import pytest
from recorded_server import recorded

from enstorage.errors import NotSupportedError, StoreError
from enstorage.interval import TimeInterval
from enstorage.series.choose import find_series

TOKEN = "xjk-_9A=="
V2 = (204, {"X-Influxdb-Build": "OSS", "X-Influxdb-Version": "v2.7.1"}, "")
V3 = (200, {"X-Influxdb-Build": "Core", "X-Influxdb-Version": "3.8.0"}, '{"version":"3.8.0","revision":"83b589b883"}')
BUCKETS = (
    '{"results":[{"statement_id":0,"series":[{"name":"databases","columns":["name"],'
    '"values":[["load"],["_monitoring"]]}]}]}\n'
)
COUNTED = (
    '{"results":[{"statement_id":0,"series":[{"name":"data_source","columns":["time","count"],"values":[[0,3]]}]}]}\n'
)
WHERE = 'FROM "data_source" WHERE "mysql_id" = \'7\' AND time >= '
WHOLE = f"{WHERE}-9223372036854775806 AND time <= 9223372036854775806"


def opened(server):
    return find_series(f"influxdb2://xjk-_9A%3D%3D@127.0.0.1:{server.port}/load?org=My+Org")()


def points(times, values):
    return np.array(times, np.int64), np.array(values, float)


def asked(request):
    """What a request was, after it was checked that it proves who asks."""
    assert request.headers["authorization"] == f"Token {TOKEN}"
    return request.method, request.path, request.parameters


# InfluxDB 2


def test_points_are_written_to_the_v1_endpoint_of_influxdb_2():
    with recorded(V2, (200, {}, BUCKETS), (204, {}, "")) as server:
        opened(server).append(7, *points([10, 20], [0.5, -0.0]))
    assert asked(server.requests[0]) == ("GET", "/ping", {})
    assert asked(server.requests[1]) == ("GET", "/query", {"db": "load", "q": "SHOW DATABASES", "epoch": "ns"})
    assert asked(server.requests[2]) == ("POST", "/write", {"db": "load", "precision": "ns"})
    assert server.requests[2].headers["content-type"] == "text/plain; charset=utf-8"
    assert server.requests[2].body == b"data_source,mysql_id=7 value=0.5 10\ndata_source,mysql_id=7 value=-0.0 20\n"


def test_points_are_read_and_grouped_by_influxdb_2():
    rows = "name,tags,time,value\ndata_source,,10,0.5\ndata_source,,20,-0\n"
    buckets = "name,tags,time,mean\ndata_source,mysql_id=7,0,0.25\n"
    end = "\nname,tags,name\ndatabases,,load\ndatabases,,_monitoring\n"
    with recorded(V2, (200, {}, BUCKETS), (200, {}, rows + end), (200, {}, buckets + end)) as server:
        series = opened(server)
        times, values = series.read(7)
        assert (times.tolist(), values.tobytes()) == ([10, 20], np.array([0.5, -0.0]).tobytes())
        assert series.aggregate(7, 0, 100, TimeInterval.parse("1w"), "mean")[1].tolist() == [0.25]
    read, grouped = server.requests[2:]
    assert read.headers["accept"] == "application/csv"
    assert asked(read) == (
        "GET",
        "/query",
        {
            "db": "load",
            "q": f'SELECT "value"::float {WHOLE};SHOW DATABASES',
            "epoch": "ns",
            "chunked": "true",
            "chunk_size": "10000",
        },
    )
    assert grouped.parameters["q"] == (
        f'SELECT mean("value"::float) {WHERE}0 AND time <= 99 '
        "GROUP BY time(604800000000000ns, 345600000000000ns), * fill(none);SHOW DATABASES"
    )


def test_points_are_deleted_by_influxdb_2_in_the_future_too():
    done = '{"results":[{"statement_id":0}]}\n'
    with recorded(V2, (200, {}, BUCKETS), (200, {}, COUNTED), (200, {}, done)) as server:
        assert opened(server).delete_points(7) == 3
    assert server.requests[2].parameters["q"] == f'SELECT count("value"::float) {WHOLE} GROUP BY *'
    assert asked(server.requests[3]) == ("POST", "/query", {"db": "load", "q": f"DELETE {WHOLE}", "epoch": "ns"})


def test_a_bucket_that_influxdb_2_does_not_have_is_told_with_the_command_that_makes_it():
    with (
        recorded(V2, (200, {}, BUCKETS.replace("load", "other"))) as server,
        pytest.raises(NotSupportedError, match="there is no database 'load'") as caught,
    ):
        opened(server)
    assert 'influx bucket create --name "load" --retention 0 --org "My Org"' in str(caught.value)
    assert 'influx v1 dbrp create --db "load" --rp autogen --default --bucket-id ID --org "My Org"' in str(caught.value)
    assert TOKEN not in f"{caught.value}{caught.value.__cause__}"
    assert len(server.requests) == 2  # it was not tried to make one


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', "the token is wrong or unknown"),
        (403, '{"code":"forbidden","message":"insufficient permissions for write"}', "the token may not do that"),
        (404, '{"code":"not found","message":"no dbrp mapping found"}', "there is no database 'load'.*dbrp create"),
        (413, '{"code":"request too large","message":"too large"}', "the request is too large"),
        (422, '{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type '
         'conflict: input field \\"value\\" on measurement \\"data_source\\" is type float, already exists as type integer '
         'dropped=1"}', "already there with another type"),
    ],
)  # fmt: skip
def test_what_influxdb_2_refuses_is_told(status, answer, message):
    with recorded(V2, (200, {}, BUCKETS), (status, {"Content-Type": "application/json"}, answer)) as server:
        series = opened(server)
        with pytest.raises(StoreError, match=message) as caught:
            series.append(7, *points([10], [0.5]))
    assert TOKEN not in str(caught.value)


def test_a_token_for_influxdb_1_is_told():
    with (
        recorded((204, {"X-Influxdb-Version": "1.8.10"}, "")) as server,
        pytest.raises(StoreError, match=r"InfluxDB 1.8.10, which has users but no tokens. Write influxdb://user"),
    ):
        opened(server)


# InfluxDB 3


def test_influxdb_3_makes_its_database():
    for status in (200, 409, 403):
        with recorded(V3, (status, {}, "")) as server:
            opened(server)
        assert asked(server.requests[1]) == ("POST", "/api/v3/configure/database", {})
        assert server.requests[1].headers["content-type"] == "application/json"
        assert server.requests[1].body == b'{"db": "load"}'


def test_points_are_written_to_influxdb_3_and_read_in_chunks_that_each_have_a_head():
    chunks = (
        "name,tags,time,value\ndata_source,,10,0.5\ndata_source,,20,1e-300\n\r\n"
        "name,tags,time,value\ndata_source,,30,-0.0\n\r\n"
    )
    with recorded(V3, (200, {}, ""), (204, {}, ""), (200, {}, chunks)) as server:
        series = opened(server)
        series.append(7, *points([10, 20, 30], [0.5, 1e-300, -0.0]))
        times, values = series.read(7)
        assert (times.tolist(), values.tobytes()) == ([10, 20, 30], np.array([0.5, 1e-300, -0.0]).tobytes())
    assert asked(server.requests[2]) == ("POST", "/write", {"db": "load", "precision": "ns"})
    assert server.requests[3].parameters["q"] == f'SELECT "value"::float {WHOLE}'  # one statement only


def test_lines_with_further_tags_are_merged_from_the_columns_of_influxdb_3():
    rows = "name,tags,time,value\ndata_source,,10,1\ndata_source,,10,2\ndata_source,,20,3\n\r\n"
    head = "name,tags,time,host,mysql_id,value\n"
    by_tags = f"{head}data_source,,10,null,7,1\ndata_source,,20,null,7,3\n\r\n{head}data_source,,10,a,7,2\n\r\n"
    with recorded(V3, (200, {}, ""), (200, {}, rows), (200, {}, by_tags)) as server:
        times, values = opened(server).read(7)
    assert (times.tolist(), values.tolist()) == ([10, 20], [1, 3])
    assert server.requests[3].parameters["q"].endswith("GROUP BY *")


def test_what_influxdb_3_cannot_do_is_told_before_it_is_tried():
    with recorded(V3, (200, {}, ""), (200, {}, COUNTED)) as server:
        series = opened(server)
        with pytest.raises(
            NotSupportedError, match=r"is InfluxDB 3, which deletes no points. Give the database a retention"
        ):
            series.delete_points(7)
    nothing = '{"results":[{"statement_id":0,"series":[]}]}\r\n'
    with recorded(V3, (200, {}, ""), (200, {}, nothing)) as server:
        series = opened(server)
        assert series.delete_points(7) == 0
        series.delete_source(7)
        assert series.extent(7) is None
    assert not any("DELETE" in request.parameters.get("q", "") for request in server.requests)


def test_a_token_that_influxdb_3_does_not_know_is_told():
    refused = (401, {}, '{"error":"the request was not authenticated"}')
    message = r"the token is wrong or unknown \(the request was not authenticated\)"
    with recorded(refused) as server, pytest.raises(StoreError, match=message):
        opened(server)


def test_an_answer_that_is_no_table_is_told():
    with recorded(V3, (200, {}, ""), (200, {}, "name,tags,time,value\ndata_source,,ten,0.5\n")) as server:
        series = opened(server)
        with pytest.raises(StoreError, match=r"cannot be read as points; it begins with 'data_source,,ten,0.5'"):
            series.read(7)
