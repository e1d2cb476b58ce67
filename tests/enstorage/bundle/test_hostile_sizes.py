"""Small files that would take much memory: each member of a bundle in turn is blown up, and each is refused in a moment.

The imports run in a child process whose address space is limited, so that reading first and refusing then would fail.
"""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile

import polars as pl
import pytest
from forging import packed, unpacked

# For the cheap form: the bundle as it is is within these limits, a tenth of a megabyte more is not.
SMALL = {"TEXT": 400_000, "LINE": 100_000, "ELEMENTS": 20_000, "LEVELS": 50, "DIRECTORY": 100_000}
SMALL_FOOTER, SMALL_BYTES = 20_000, 2_000_000

CHILD = """
import json, resource, sys, time
import enstorage, pyarrow.parquet, polars
from enstorage import Connector
from enstorage.errors import EnstorageError
from enstorage.upkeep import check
store = Connector.in_folder(sys.argv[1])
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[2]),) * 2)
for path in sys.argv[4:]:
    before = time.monotonic()
    try:
        enstorage.import_bundle(path, store, max_bytes=int(sys.argv[3]) or None)
        said = None
    except EnstorageError as error:
        said = str(error)
    except BaseException as error:
        said = f"NOT OURS: {error!r:.200}"
    print(json.dumps([path, said, time.monotonic() - before]), flush=True)
"""


def in_columns(content, value):
    """Records with one more value in the columns of the first."""
    first, _, rest = content.partition(b"\n")
    return first.replace(b'"columns": {', b'"columns": {"blown": ' + value + b", ", 1) + b"\n" + rest


def in_manifest(manifest, value):
    return json.dumps(manifest).encode()[:-1] + b', "blown": ' + value + b"}"


def texts(size):
    """JSON that becomes far larger than its text, or that the parser does not survive."""
    yield "lists", b"[" + b"[]," * (size // 3) + b"[]]"
    yield "tables", b"[" + b'{"a":1},' * (size // 8) + b"{}]"
    yield "levels", b"[" * (size // 2) + b"]" * (size // 2)
    yield "tables in tables", b'{"a":' * (size // 6) + b"1" + b"}" * (size // 6)
    yield "text", b'"' + "☀".encode() * (size // 3) + b'"'
    yield "number", b"1" * size


def tables(size):
    """Parquet that becomes far larger than its bytes."""
    rows = pl.DataFrame({"time": pl.zeros(size, pl.Int64, eager=True), "value": pl.zeros(size, pl.Float64, eager=True)})
    columns = pl.DataFrame({f"column {number}": [0.0] for number in range(size // 1000)})
    for what, table in (("rows", rows), ("columns", columns)):
        buffer = io.BytesIO()
        table.write_parquet(buffer, compression="zstd")
        yield what, buffer.getvalue()


def blown_up(bundle, folder, size, of):
    """Bundles blown up: each member in "each" way; each "member" in one, by turns; or each "way" once."""
    members, manifest = unpacked(bundle)

    def write(name, what, content):
        target = folder / f"{len(list(folder.iterdir()))} {what} in {name.replace('/', ' ')}"
        return packed(target, {**members, name: content}, dict(manifest), method=zipfile.ZIP_DEFLATED)

    seen = set()
    packed_tables = [*tables(size), ("zeros", bytes(3 * size))]
    for number, (name, content) in enumerate(members.items()):
        if name.startswith("records/"):
            ways = [(what, in_columns(content, value)) for what, value in texts(size)]
        else:
            ways = packed_tables
        for what, new in ways if of == "each" else [ways[number % len(ways)]]:
            if of != "way" or what not in seen:
                seen.add(what)
                yield write(name, what, new)
    for what, value in texts(size):
        target = folder / f"{what} in the manifest"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.writestr("manifest.json", in_manifest(manifest, value))
        yield target
    yield from lies(bundle, folder, size)


def lies(bundle, folder, size):
    """The bundle with sizes in its directory that are not those of its members, and with too many members."""
    content = bundle.read_bytes()
    entry = content.find(b"PK\x01\x02")
    for what, declared in (("larger", 2**31), ("smaller", 1)):
        target = folder / f"a {what} declared size"
        target.write_bytes(content[: entry + 24] + struct.pack("<I", declared) + content[entry + 28 :])
        yield target
    target = folder / "many members"
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(size // 600):
            archive.writestr(f"points/{number + 1}.parquet", b"")
        archive.writestr("manifest.json", b"{}")
    yield target


def refused(paths, store, free, max_bytes, settings):
    """Import each in one child process; gives what was said of each, and how long it took."""
    environment = {**os.environ, **{f"ENSTORAGE_MAX_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-c", CHILD, str(store), str(free), str(max_bytes), *map(str, paths)]
    # Threads have stacks and heaps in the address space.
    environment |= {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(paths), done.stderr[-2000:]
    return said


def check_all(said):
    wrong = [
        (path, message, seconds)
        for path, message, seconds in said
        if message is None or "cannot be imported" not in message or "\n" in message or seconds > 10
    ]
    assert wrong == []


@pytest.mark.long
def test_each_member_blown_up_is_refused_in_a_moment(bundle, empty_store, tmp_path):
    (tmp_path / "bad").mkdir()
    paths = list(blown_up(bundle, tmp_path / "bad", 450_000, "member"))
    settings = {f"BUNDLE_{name}": value for name, value in SMALL.items()} | {"TABLE_FOOTER": SMALL_FOOTER}
    check_all(refused([*paths], empty_store, 256 << 20, SMALL_BYTES, settings))


def test_the_bundle_itself_is_within_the_small_limits(bundle, another_store, monkeypatch):
    import enstorage

    for name, value in SMALL.items():
        monkeypatch.setenv(f"ENSTORAGE_MAX_BUNDLE_{name}", str(value))
    monkeypatch.setenv("ENSTORAGE_MAX_TABLE_FOOTER", str(SMALL_FOOTER))
    assert enstorage.import_bundle(bundle, another_store(), max_bytes=SMALL_BYTES).points == 40


@pytest.mark.long
def test_large_ones_are_refused_within_a_gigabyte_and_ten_seconds(bundle, empty_store, tmp_path):
    (tmp_path / "bad").mkdir()
    of = "each" if "TORTURE_SEED" in os.environ else "way"  # ten minutes, or one
    for path in blown_up(bundle, tmp_path / "bad", 60_000_000, of):
        check_all(refused([path], empty_store, 1 << 30, 0, {}))
        path.unlink()
