"""What is damaged or lies is refused by one message, before anything is written."""

import hashlib
import io
import json
import random
import stat
import zipfile

import numpy as np
import polars as pl
import pytest
from forging import changed, packed, put_records, records, replaced, unpacked, with_columns, with_entries

import enstorage
from enstorage.bundle.contents.tables import read_table
from enstorage.bundle.file import archive
from enstorage.bundle.file.read import read_bundle
from enstorage.database.schema import REVISIONS
from enstorage.errors import CorruptError, EnstorageError, InvalidInputError, NotSupportedError, UntrustedError
from enstorage.progress import Listener

HASH = "0" * 64
SILENT = Listener(lambda what, done, total: None)


@pytest.fixture
def refused(untouched, census, tmp_path):
    """A function that imports a file, or the bytes of one, and checks that it is refused whole; gives the error."""
    before = census(untouched)

    def refused(given, kind=EnstorageError, **options):
        path = tmp_path / "bad.enz"
        path.write_bytes(given) if isinstance(given, bytes) else given.rename(path) if given != path else None
        with pytest.raises(kind) as told:
            enstorage.import_bundle(path, untouched, **options)
        assert census(untouched) == before
        message = str(told.value)
        assert message.startswith(f"{path} cannot be imported. ")
        assert "Nothing was changed." in message
        assert "\n" not in message
        return message

    return refused


@pytest.fixture
def forged(bundle, tmp_path):
    """A function that changes the members and the manifest of the bundle; gives the path of the result."""

    def forged(change, **options):
        members, manifest = unpacked(bundle)
        change(members, manifest)
        return packed(tmp_path / "forged.enz", members, manifest, **options)

    return forged


def test_an_honest_forgery_is_imported(forged, another_store):
    """The tools of these tests do no harm by themselves."""
    assert enstorage.import_bundle(forged(lambda *_: None), another_store()).points == 40


# --- the container


NAMES = [
    *("../evil", "/etc/passwd", "objects/../../evil", "records/../model.jsonl", "%2e%2e/evil", "%252e%252e%252fevil"),
    *("objects/%2e%2e%2fevil", "..\\evil", "records\\model.jsonl", "C:/evil", "C:\\evil", "c:evil", "\\\\host\\evil"),
    *("objects/" + "A" * 64, "objects/" + "0" * 63, "objects/" + "0" * 65, f"objects/{HASH}/", "objects/", "./x"),
    *(f"objects/{HASH}\x00.txt", "\x00", "", " ", "#", ";", "~/evil", "con", "manifest.json/", "MANIFEST.JSON"),
    *("records/Model.jsonl", "records/model.json", "records/.jsonl", "records/mod\u0435l.jsonl", "model.jsonl"),
    *("points/0.parquet", "points/-1.parquet", "points/01.parquet", "points/1e3.parquet", "points/١.parquet"),
    *("points/" + "9" * 20 + ".parquet", f"objects/{HASH}\n", "records/" + "x" * 500 + ".jsonl", "a" * 60000),
]


def test_members_that_a_bundle_does_not_have(refused, bundle, tmp_path):
    for name in NAMES:
        path = tmp_path / "named.enz"
        path.write_bytes(bundle.read_bytes())
        with zipfile.ZipFile(path, "a") as zipped:
            info = zipfile.ZipInfo("x")
            info.filename = name  # its constructor would cut at a NUL
            zipped.writestr(info, b"evil")
        assert "has a member" in refused(path, InvalidInputError), name
    assert sorted(each.name for each in tmp_path.iterdir()) == ["bad.enz"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_directories_and_devices(refused, bundle, tmp_path, kind):
    def write(zipped, name, content):
        info = zipfile.ZipInfo(name)
        info.external_attr = (kind | 0o777) << 16
        zipped.writestr(info, b"/etc/passwd" if name.startswith("points") else content)

    assert "link, a directory or a device" in refused(_rewritten(bundle, tmp_path, write), InvalidInputError)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing(refused, bundle, tmp_path, method):
    path = _rewritten(bundle, tmp_path, lambda zipped, *member: zipped.writestr(*member, compress_type=method))
    assert "packed in a way of its own" in refused(path, InvalidInputError)


def _rewritten(bundle, tmp_path, write):
    members, manifest = unpacked(bundle)
    with zipfile.ZipFile(tmp_path / "rewritten.enz", "w") as zipped:
        for name, content in {**members, "manifest.json": json.dumps(manifest)}.items():
            write(zipped, name, content)
    return tmp_path / "rewritten.enz"


def test_encrypted_members(refused, bundle):
    content = bytearray(bundle.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(signature, at + 4)
    assert "is encrypted" in refused(bytes(content), InvalidInputError)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["manifest.json", "records/model.jsonl", "points/1.parquet"])
def test_a_name_that_stands_twice(refused, bundle, tmp_path, name):
    path = tmp_path / "twice.enz"
    path.write_bytes(bundle.read_bytes())
    with zipfile.ZipFile(path, "a") as zipped:
        zipped.writestr(name, b"{}")
    assert f"{name} stands twice" in refused(path, InvalidInputError)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"not a zip", b"PK\x05\x06" + b"\x00" * 18, b"PK\x03\x04" * 100, b"\x00" * 10_000]
)
def test_what_is_no_zip_archive_or_an_empty_one(refused, content):
    refused(content)


def test_a_file_that_is_not_there(untouched, tmp_path):
    for path, fact in ((tmp_path / "missing.enz", "There is no file"), (tmp_path, "is a pipe, a device or a folder")):
        with pytest.raises(InvalidInputError, match=f"{fact}.*; expected a bundle made by"):
            enstorage.import_bundle(path, untouched)


def test_a_file_that_was_cut_off(refused, bundle):
    content = bundle.read_bytes()
    for length in range(0, len(content), len(content) // 40):
        refused(content[:length], CorruptError)
    refused(content[:-1], CorruptError)


def test_one_flipped_bit_in_any_member(refused, bundle):
    content, source = bundle.read_bytes(), random.Random(1)
    with zipfile.ZipFile(bundle) as zipped:
        for info in zipped.infolist():
            with zipped.open(info) as member:
                begin, end = member._orig_compress_start, member._orig_compress_start + info.compress_size
            if info.compress_type:  # at both ends of what is deflated are bits that change nothing
                begin, end = begin + 2, end - 5
            for place in (begin, source.randrange(begin, end)):
                damaged = bytearray(content)
                damaged[place] ^= 1 << source.randrange(8)
                assert info.filename in refused(bytes(damaged), CorruptError)


def test_any_damage_is_told_or_does_not_matter(bundle, tmp_path):
    """Bytes changed anywhere, also in the headers of the archive: no other error comes out, and no other bundle."""
    content, source = bundle.read_bytes(), random.Random(2)
    with bundle.open("rb") as file:
        honest = read_bundle(file, SILENT).rows
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(source.choice([1, 1, 2, 8])):
            at = source.randrange(len(content)) if source.random() < 0.3 else -1 - source.randrange(len(content) // 20)
            damaged[at] = source.randrange(256)
        try:
            found = read_bundle(io.BytesIO(bytes(damaged)), SILENT).rows
        except (CorruptError, InvalidInputError):
            continue
        assert repr(found) == repr(honest)


def test_swapped_members(refused, forged):
    def swap(members, _):
        first, second, *_ = [name for name in members if name.startswith("objects/")]
        members[first], members[second] = members[second], members[first]

    assert "do not have the size and the hash" in refused(forged(swap, signed=False), CorruptError)
    assert "another name than its hash" in refused(forged(swap), InvalidInputError)


def test_a_bomb(refused, forged, bundle, monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 10_000_000)

    def explode(members, _):
        members["records/model_meta.jsonl"] += b" " * 30_000_000

    path = forged(explode, method=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    message = refused(path, InvalidInputError)
    assert "bytes; expected at most" in message
    assert "--max-bytes" in message
    assert "expected at most 1000" in refused(bundle.read_bytes(), InvalidInputError, max_bytes=1000)


@pytest.mark.parametrize("declared", [0, 100, 2**32 - 2])
def test_a_member_that_unpacks_to_more_or_less_than_it_says(refused, bundle, declared, monkeypatch):
    monkeypatch.setattr(archive, "FREE_BYTES", 2**34)
    content = bytearray(bundle.read_bytes())
    at = content.find(b"PK\x01\x02")  # of the first member, in the directory
    content[at + 24 : at + 28] = declared.to_bytes(4, "little")
    refused(bytes(content), CorruptError)


def test_a_table_that_is_far_larger_in_memory_than_in_the_file(refused, forged):
    """Ten million equal rows take a few bytes."""
    rows = 10_000_000
    table = pl.DataFrame(
        {"time": pl.zeros(rows, pl.Int64, eager=True), "value": pl.zeros(rows, pl.Float64, eager=True)}
    )
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    assert len(buffer.getvalue()) < 100_000

    def swell(members, _):
        members["points/1.parquet"] = buffer.getvalue()

    message = refused(forged(swell), InvalidInputError, max_bytes=1_000_000)
    assert "A table has 10000000 rows of 16 bytes" in message


def test_tables_that_are_too_large_together(refused, forged):
    """Each of them would be allowed."""
    table = pl.DataFrame({"time": np.arange(100_000), "value": np.zeros(100_000)})
    path = forged(lambda members, _: members.update({"points/1.parquet": _parquet(table)}))
    assert "A table has 100000 rows of 16 bytes" in refused(path, InvalidInputError, max_bytes=1_610_000)


# --- the manifest


@pytest.mark.parametrize(
    "change",
    [
        lambda members, manifest: manifest["members"].popitem(),
        lambda members, manifest: manifest["members"].update({f"objects/{HASH}": {"bytes": 1, "sha256": HASH}}),
        lambda members, manifest: manifest["members"]["records/model.jsonl"].update(bytes=1),
        lambda members, manifest: manifest["members"]["records/model.jsonl"].update(sha256=HASH),
        lambda members, manifest: next(
            member for name, member in manifest["members"].items() if name.startswith("objects/")
        ).update(bytes=1),
        lambda members, manifest: members.pop("points/1.parquet"),
        lambda members, manifest: members.update({f"objects/{HASH}": b"x"}),
    ],
)
def test_members_and_manifest_have_to_agree(refused, forged, change):
    refused(forged(change, signed=False), CorruptError)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("format", "x"), ("format", None), ("version", 0), ("version", "1"), ("version", True), ("version", 1.0)),
        *(("store", "../x"), ("store", "A" * 32), ("store", 1), ("project", "1"), ("project", 0), ("project", 99)),
        *(("project", True), ("project", 2**63), ("made_at", 1), ("made_by", "x" * 101), ("made_by", None)),
        *(("members", []), ("members", {"x": 1}), ("members", {"x": {"bytes": True, "sha256": HASH}}), ("more", 1)),
        *(("members", {"x": {"bytes": 1, "sha256": "../x"}}), ("schema", 2)),
    ],
)
def test_a_manifest_with_other_entries(refused, forged, key, value):
    def change(members, manifest):
        if key == "members":
            members.clear()
        manifest[key] = value

    refused(forged(change, signed=key != "members"), EnstorageError)


@pytest.mark.parametrize("change", [{"version": 2}, {"version": 10**400}, {"schema": "9999"}])
def test_a_newer_bundle_asks_for_a_newer_enstorage(refused, forged, change):
    message = refused(forged(lambda _, manifest: manifest.update(change)), NotSupportedError)
    assert "Install a newer enstorage" in message


def test_a_bundle_of_an_older_schema_may_lack_columns_that_came_later(forged, another_store):
    def older(members, manifest):
        manifest["schema"] = REVISIONS[0]
        changed(members, "data_snapshot", lambda record: record["columns"].pop("series_version"))

    imported = enstorage.import_bundle(forged(older), another_store())
    assert imported.new["data_snapshot"] == 1


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"null", b"{", b"\xff\xfe{}", "{}".encode("utf-16"), b'{"format": "enstorage bundle"}'),
        *(b"[" * 100_000, b'{"a":' * 100_000, b"1" * 100_000, b"\x00", b'{"version": 1e999}'),
    ],
)
def test_a_manifest_that_is_none(refused, bundle, tmp_path, content):
    members, _ = unpacked(bundle)
    with zipfile.ZipFile(tmp_path / "x.enz", "w") as zipped:
        for name, each in members.items():
            zipped.writestr(name, each)
        zipped.writestr("manifest.json", content)
    refused(tmp_path / "x.enz", InvalidInputError)


# --- records


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"null", b"[]", b"{}", b"nonsense", b'{"id": 1}', b'{"columns": {}}', b'{"id": 1, "columns": []}'),
        *(
            b"\xff\xff",
            '{"id": 9}'.encode("utf-16"),
            b"[" * 100_000,
            b"9" * 100_000,
            b'{"id": 1, "columns": {}, "x": 1}',
        ),
        *(
            b'{"id": 1, "columns": {"value": ' + b"[" * 500 + b"]" * 500 + b"}}",
            b'{"id": 1, "columns": {"\\ud800": 1}}',
        ),
    ],
)
def test_lines_that_are_no_records(refused, forged, line):
    def change(members, _):
        members["records/model_meta.jsonl"] += line + b"\n"

    assert "records/model_meta.jsonl, line 21" in refused(forged(change), InvalidInputError)


COLUMNS = [
    *(("project", "name", value) for value in (None, 7, "", "x" * 256, "\x00", "\ud800", ["x"], {"a": 1})),
    *(("project", "data_source_id", value) for value in (None, "1", 1.0, True, 0, -1, 99, 2**63, [1])),
    *(("project", "description", value) for value in (None, 1, "\x00")),
    *(("project", "tags", value) for value in (None, [], "x", 1)),
    *(("project", "created_at", value) for value in (None, 1, "x", "2024-01-01", "2024-01-01T00:00:00")),
    *(("project", "created_at", value) for value in ("2024-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:00")),
    ("project", "deleted_at", "yesterday"),
    *(("project", "no_such_column", 1), ("project", "__class__", 1), ("project", "id", 2)),
    *(("data_source", "aggregate", value) for value in ("x", None, "'; DROP TABLE project; --")),
    *(("data_source", "time_interval", value) for value in ("1x", "01d", 1, "9999999999y")),
    *(("data_source", "time_from", value) for value in (2**63, -(2**63), 1.5, "1700", 1e300, 1700)),
    *(("data_snapshot", "rows", value) for value in (39, -1, True, 2**70)),
    *(("data_snapshot", "sha256", value) for value in (HASH, "x", "../x", None)),
    *(("data_snapshot", "empty_rows", 41), ("data_snapshot", "time_to", 10 - 2**63)),
    *(("data_preparation", "clean_method", value) for value in ("x", "constant(", "linear ", "__import__('os')")),
    *(("data_preparation", "transform_method", value) for value in ("x", "log", "minmax+log", "log + minmax")),
    *(("data_preparation", "train_part", value) for value in (0.7, -1, 2, "0.6", None, float("nan"), 10**400)),
    *(("data_preparation", "split", "x"), ("data_preparation", "seed", -1)),
    *(("data_preparation", "state", value) for value in ({}, {"transform": 1}, {"transform": {"steps": 1}}, 1)),
    ("data_preparation", "state", {"transform": {"steps": [{"step": "log"}, {"step": "minmax"}]}, "leaks": True}),
    ("data_preparation", "sha256", HASH),
    *(("data_set", "adapter", value) for value in ({}, {"name": "x"}, {"name": "window"}, {"name": "../x"})),
    *(("data_set", "adapter", {"name": "window", "lag": value}) for value in (0, "3", 1.5, None, -1)),
    *(("data_set", "adapter", {"name": "arrays", "X": [], "y": []}), ("data_set", "rows", 1)),
    *(("data_set", "lost", {"x": "1"}), ("data_set", "sha256", "X"), ("data_set", "data_preparation_id", None)),
    *(("research", "project_id", None), ("research", "data_preparation_id", 99)),
    *(("model", "network", value) for value in ([], {}, {"name": 1}, "lstm")),
    *(("model", "object_format", value) for value in (None, "x", "../x", "onnx\x00", 1)),
    *(("model", "object_sha256", value) for value in (None, HASH, "x", "../../etc/passwd", 1, HASH.upper())),
    *(("model", "object_bytes", value) for value in (None, "1", 2**64)),
    *(("model", "research_id", 2), ("model", "research_id", 99)),
    *(("model_meta", "key", value) for value in (None, "", "x" * 256, 1, "names", "\x00")),
    *(("model_meta", "model_id", value) for value in (None, 99)),
    *(
        ("model_curve", "data", value)
        for value in (None, "AAAA", {}, {"step": []}, {"loss": [1.0]}, {"step": [0.5] * 5})
    ),
    *(("model_curve", "data", {"step": [0, 1, 2, 3, 4], "loss": value}) for value in ([1.0], ["x"] * 5, [1] * 5, 1.0)),
    *(
        ("model_curve", "rows", 6),
        ("model_curve", "data", {"step": [2**63] * 5}),
        ("model_curve", "data", {"step": [0]}),
    ),
    *(("forecast", "part", value) for value in ("x", None, "TRAIN", "test")),
    *(("forecast", "model_id", None), ("forecast", "ensemble_id", 1), ("forecast", "object_sha256", "../x")),
    *(("forecast", "rows", 1), ("forecast", "data_csv_id", 1), ("forecast", "data_csv_id", 99)),
    *(("ensemble", "method", value) for value in (None, "", "../x", "os.system", "x" * 65, "a b")),
    *(("ensemble", "metamodel", value) for value in ("sklearn.x", "../x", "")),
    *(("ensemble", "fit_on", "test"), ("ensemble", "data_csv_id", None), ("ensemble", "object_format", None)),
    *(("ensemble", "result", value) for value in (None, {}, [], {"alignment": {"lost": {}}}, "x")),
    *(("ensemble_item", "position", value) for value in (-1, 2**31, None, "0")),
    *(("ensemble_item", "properties", value) for value in (None, [], 1)),
    *(("ensemble_item", "model_id", value) for value in (2, 99, None)),
    *(("data_csv", "rows", value) for value in (0, 41, -1, 2**62, None)),
    *(("data_csv", "bytes", value) for value in (0, -1, 2**62, None)),
    *(("data_csv", "columns", value) for value in ({}, {"time": "Int64"}, [], None)),
    *(("data_csv", "local_ids", value) for value in ({}, [], {"data_source": {}, "model": {"../x": 1}})),
    *(("data_csv", "local_ids", {"data_source": {"1": value}, "model": {}}) for value in ("1", 1.0, None)),
]


@pytest.mark.parametrize("table", sorted({table for table, _, _ in COLUMNS}))
def test_columns_that_hold_what_no_store_would(refused, forged, table):
    for name, column, value in COLUMNS:
        if name == table:
            message = refused(forged(with_columns(table, {column: value})), InvalidInputError)
            assert len(message) < 1000, (column, value)


@pytest.mark.parametrize("table", ["project", "data_source", "model", "forecast", "data_csv", "ensemble_item"])
def test_ids_that_are_none(refused, forged, table):
    for id in (None, "1", 1.0, True, 0, -1, 2**63, [1]):
        refused(forged(with_entries(table, {"id": id})), InvalidInputError)


@pytest.mark.parametrize("table", ["project", "data_source", "model", "data_csv", "ensemble"])
def test_records_that_others_refer_to_by_another_id(refused, forged, table):
    assert "which is not in the bundle" in refused(forged(with_entries(table, {"id": 99})), InvalidInputError)


@pytest.mark.parametrize(
    "origin", [1, [], ["x", 1], ["a" * 32], ["a" * 32, "1"], ["a" * 32, 0], ["A" * 32, 1], ["a" * 32, 1, 1], {"a": 1}]
)
def test_origins_that_are_none(refused, forged, origin):
    refused(forged(with_entries("model", {"origin": origin})), InvalidInputError)


def test_two_records_of_one_origin(refused, forged):
    def change(members, _):
        for at in (0, 1):
            changed(members, "model", lambda record: record.update(origin=["a" * 32, 1]), at)

    assert "Model(1) and Model(2) have one origin" in refused(forged(change), InvalidInputError)


@pytest.mark.parametrize("table", ["project", "model", "model_meta", "forecast", "ensemble_item", "data_csv"])
def test_a_record_that_stands_twice(refused, forged, table):
    def change(members, _):
        put_records(members, table, [*records(members, table), records(members, table)[0]])

    assert "stands twice" in refused(forged(change), InvalidInputError)


@pytest.mark.parametrize("table", ["model_meta", "ensemble_item", "forecast"])
def test_what_may_be_there_once_and_comes_under_another_id(refused, forged, table):
    def change(members, _):
        put_records(members, table, [*records(members, table), {**records(members, table)[0], "id": 999}])

    refused(forged(change), InvalidInputError)


@pytest.mark.parametrize("table", ["project", "data_source", "research", "model", "data_csv", "data_set", "ensemble"])
def test_records_that_are_missing(refused, forged, table):
    refused(forged(lambda members, _: members.pop(f"records/{table}.jsonl")), InvalidInputError)


def test_records_of_something_unknown(refused, forged):
    message = refused(forged(lambda members, _: members.update({"records/users.jsonl": b"{}\n"})), InvalidInputError)
    assert "records/users.jsonl belongs to no record" in message


@pytest.mark.parametrize("name", [f"objects/{HASH}", "points/7.parquet"])
def test_members_that_no_record_speaks_of(refused, forged, name):
    def change(members, _):
        content = b"evil"
        members[f"objects/{hashlib.sha256(content).hexdigest()}" if "objects" in name else name] = content

    assert "belongs to no record" in refused(forged(change), InvalidInputError)


def test_an_ensemble_whose_result_has_other_members(refused, forged):
    def change(members, _):
        put_records(members, "ensemble_item", records(members, "ensemble_item")[1:])

    assert "other members than its result" in refused(forged(change), InvalidInputError)


@pytest.mark.parametrize("where", ["members", "errors", "drop"])
def test_an_ensemble_whose_diagnosis_is_of_others(refused, forged, where):
    def change(members, _):
        rows = records(members, "ensemble")
        diagnosis = rows[0]["columns"]["result"]["diagnosis"]
        places = {"members": diagnosis, "errors": diagnosis["parts"]["test"], "drop": diagnosis["suggestion"]}
        places[where][where] = {"stranger": 1.0} if where == "errors" else ["stranger"]
        put_records(members, "ensemble", rows)

    assert "its diagnosis" in refused(forged(change), InvalidInputError)


def test_one_table_for_two_owners(refused, forged):
    def change(members, _):
        shared = records(members, "forecast")[0]["columns"]["data_csv_id"]
        changed(members, "forecast", lambda record: record["columns"].update(data_csv_id=shared), 1)

    assert "own the same table" in refused(forged(change), InvalidInputError)


# --- objects


@pytest.mark.parametrize("table", ["model", "ensemble"])
def test_pickles_need_a_store_that_allows_them(refused, forged, another_store, table):
    path = forged(with_columns(table, {"object_format": "pickle"}))
    content = path.read_bytes()
    assert "Connector(allow_pickle=True)" in refused(path, UntrustedError)
    path.write_bytes(content)
    other = another_store(allow_pickle=True)
    assert enstorage.import_bundle(path, other).new["model"] == 4


def test_objects_are_not_opened_by_an_import(forged, bundle, another_store):
    """Only opening bytes could run code, so an archive comes in as it is, whatever is in it."""
    sha256 = records(unpacked(bundle)[0], "model")[0]["columns"]["object_sha256"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive_of_it:
        archive_of_it.writestr("schema.json", "not an estimator at all")

    def with_other_object(members, manifest):
        content = buffer.getvalue()
        other = hashlib.sha256(content).hexdigest()
        members.pop(f"objects/{sha256}")
        members[f"objects/{other}"] = content
        with_columns("model", {"object_sha256": other, "object_bytes": len(content)})(members, manifest)

    path = forged(with_other_object)
    imported = enstorage.import_bundle(path, another_store()).project
    with pytest.raises(EnstorageError):
        imported.models()[0].load_object()


def _parquet(table):
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.with_columns(series=pl.lit(99, pl.Int64)),
        lambda table: table.drop("step"),
        lambda table: table.with_columns(more=pl.lit(1.0)),
        lambda table: table.with_columns(value=pl.lit("x")),
        lambda table: table[:-1],
        lambda table: table.with_columns(pl.col("step").cast(pl.Int64)),
        lambda table: table.with_columns(pl.lit(None, pl.Int64).alias("series")),
    ],
)
def test_forecasts_whose_table_is_another(refused, forged, bundle, change):
    members, _ = unpacked(bundle)
    csv = records(members, "forecast")[0]["columns"]["data_csv_id"]
    (sha256,) = [each["columns"]["sha256"] for each in records(members, "data_csv") if each["id"] == csv]
    table = change(pl.read_parquet(io.BytesIO(members[f"objects/{sha256}"])))

    def swap(members, _):
        replaced(members, sha256, _parquet(table))
        place = [each["id"] for each in records(members, "data_csv")].index(csv)
        columns = {name: str(kind) for name, kind in table.schema.items()}
        changed(members, "data_csv", lambda record: record["columns"].update(columns=columns), place)

    refused(forged(swap), InvalidInputError)


def test_a_snapshot_whose_values_are_others(refused, forged, bundle):
    members, _ = unpacked(bundle)
    sha256 = records(members, "data_csv")[0]["columns"]["sha256"]
    table = pl.read_parquet(io.BytesIO(members[f"objects/{sha256}"])).with_columns(pl.col("value") + 1)
    message = refused(forged(lambda members, _: replaced(members, sha256, _parquet(table))), InvalidInputError)
    assert "has not the content of DataSnapshot(1)" in message


@pytest.mark.parametrize(
    "points",
    [
        {"time": [1, 2], "value": [1.0, np.nan]},
        {"time": [1, 2], "value": [1.0, np.inf]},
        {"time": [1, 2], "value": [1.0, None]},
        {"time": [1, None], "value": [1.0, 2.0]},
        {"time": [2, 1], "value": [1.0, 2.0]},
        {"time": [1, 1], "value": [1.0, 2.0]},
        {"time": [-(2**63), 1], "value": [1.0, 2.0]},
        {"time": [1.0, 2.0], "value": [1.0, 2.0]},
        {"time": ["1", "2"], "value": [1.0, 2.0]},
        {"time": [1, 2]},
        {"time": [1, 2], "value": [1.0, 2.0], "source": [1, 1]},
        {"time": [[1], [2]], "value": [1.0, 2.0]},
    ],
)
def test_points_that_are_none(refused, forged, points):
    content = _parquet(pl.DataFrame(points))
    refused(forged(lambda members, _: members.update({"points/1.parquet": content})), InvalidInputError)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 10, b"PAR1\xff\xff\xff\x7fPAR1", b"x" * 1000])
def test_points_that_are_no_parquet(refused, forged, content):
    assert refused(forged(lambda members, _: members.update({"points/1.parquet": content})), CorruptError)


def test_tables_of_strangers_that_would_end_the_process_are_refused():
    """Polars alone ends the process, or raises what nobody catches, at some of these; Arrow looks at them first."""
    table = pl.DataFrame(
        {"id": np.arange(300), "part": np.zeros(300, np.int8), "value": np.random.default_rng(0).random(300)}
    )
    content, source, refusals = _parquet(table), random.Random(3), 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(source.choice([1, 1, 2, 5])):
            damaged[-1 - source.randrange(min(1500, len(content)))] ^= 1 << source.randrange(8)
        try:
            read_table(bytes(damaged), 300, 1_000_000)
        except (CorruptError, InvalidInputError):
            refusals += 1
    assert refusals > 300


# --- what `check` would condemn afterwards, or what would not open


def _diagnosed(members, _):
    def change(record):
        record["columns"]["result"]["diagnosis"]["parts"]["train"]["ambiguity"] = 1

    changed(members, "ensemble", change)


def _looking_back_further(members, _):
    def change(record):
        record["columns"]["adapter"]["lag"] += 1

    changed(members, "data_set", change)


def _counted(members, _):
    changed(members, "data_preparation", lambda record: record["columns"]["state"].update(filled_rows=7))


CONDEMNED = {
    "the size of an object": (with_columns("model", {"object_bytes": 1}), "would be damaged here: The object of"),
    "the format of an object": (with_columns("model", {"object_format": "keras"}), "is none of the format 'keras'"),
    "the ids of a data set": (_looking_back_further, "would be damaged here: The ids of"),
    "the rows of a preparation": (_counted, "its filled_rows differ from those stored"),
    "the shape of a result": (_diagnosed, "has other members than its result"),
}


@pytest.mark.parametrize("what", CONDEMNED)
def test_what_would_be_damage_in_a_store(refused, forged, what):
    change, message = CONDEMNED[what]
    assert message in refused(forged(change), InvalidInputError)
