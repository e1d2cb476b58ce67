"""`make torture`: the tests of faults in their long form. Prints the figures and writes them into the page on reliability.

TORTURE_KILLS, TORTURE_OPERATIONS, TORTURE_PAGES, TORTURE_ARRAYS and TORTURE_URLS change how much is done, TORTURE_SEED which
moments are drawn.
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

HERE = Path(__file__).parent
ELSEWHERE = [
    HERE.parent / "enstorage" / "test_secrets.py",
    HERE.parent / "enstorage" / "loaders" / "test_secrets_of_connections.py",
    HERE.parent / "enstorage" / "formats" / "test_parts_of_another_kind.py",
    HERE.parent / "enstorage" / "bundle" / "test_hostile_sizes.py",
]
PAGE = HERE.parents[1] / "docs" / "reference" / "reliability.md"
BEGIN, END = "<!-- figures of the last run -->\n", "<!-- end of the figures -->\n"
DATABASES = {"sqlite": "SQLite", "mariadb": "MariaDB", "postgresql": "PostgreSQL"}


def table(heads, rows):
    """A Markdown table, numbers to the right."""
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def total(rows, key):
    return sum(row.get(key, 0) for row in rows)


def kills(rows):
    names = list(dict.fromkeys(row["what"] for row in rows))
    by_name = {name: [row for row in rows if row["what"] == name] for name in names}
    lines = []
    for name, of_name in [*by_name.items(), ("**all**", rows)]:
        counts = [total([row for row in of_name if row["database"] == kind], "kills") for kind in DATABASES]
        age = max(row["oldest_lost_seconds"] for row in of_name)
        lost = f"what was younger than {age} s" if age and of_name is not rows else 0
        lines.append([name, *(count or "" for count in counts), total(of_name, "inside"), total(of_name, "done"), lost])
    heads = ["killed while doing", *DATABASES.values(), "of these in the middle", "acknowledged", "of these lost"]
    return table(heads, lines)


def writers(rows):
    lines = [
        [DATABASES[row["database"]], row["writers"], f"{row['operations']:,}", row["operations_per_second"], 0, 0]
        for row in rows
    ]
    return table(["database", "processes", "operations", "per second", "errors", "lost"], lines)


def servers(rows):
    lines = [
        [
            DATABASES[row["database"]],
            row["operations"],
            row["operations"] - row["refused"] - row["unknown"],
            row["refused"],
            row["unknown"],
            0,
        ]
        for row in rows
    ]
    heads = ["server", "writes", "acknowledged", "refused", "said to be unknown", "acknowledged and lost"]
    return table(heads, lines)


def full_disk(rows):
    ways = {"SmallDisk": "a disk of 12 MB filled up", "SmallFiles": "a limit on the size of files"}
    lines = [[words, len(of_way), 0] for way, words in ways.items() if (of_way := [r for r in rows if r["way"] == way])]
    return table(["no room by", "kinds of writing refused", "half-written"], lines)


def damage(rows):
    lines = [[row["what"], row["count"], row["found"], row.get("unharmed", "")] for row in rows]
    return table(["damage", "times", "noticed by readers or `check`", "of no consequence"], lines)


def changed_arrays(rows):
    words = ("refused", "error", "same", "another model", "crashed", "wrong")
    heads = [
        "arrays changed in",
        "times",
        "refused",
        "an error",
        "the same forecasts",
        "another model",
        "crashed",
        "wrong",
    ]
    return table(heads, [[row["what"], f"{row['count']:,}", *(row[word] for word in words)] for row in rows])


def machine():
    folder = Path(tempfile.gettempdir()).resolve()
    mounts = [disk for disk in psutil.disk_partitions(all=True) if folder.is_relative_to(disk.mountpoint)]
    kind = max(mounts, key=lambda disk: len(disk.mountpoint)).fstype if mounts else "unknown"
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB of memory, file system {kind}, {platform.system()} "
        f"{platform.release().split('-')[0]}, Python {platform.python_version()}"
    )


def orchestrators(rows):
    lines = []
    for row in rows:
        killed = [row["killed"].get(each, "") for each in ("orchestrator", "child", "worker")]
        again = sum(count for end, count in row["ends"].items() if end != "succeeded")
        lines.append([row["what"], row["steps"], *killed, again, 0, 0, row["events"] or "", row["told_twice"] or ""])
    heads = [
        "at work",
        "steps",
        "orchestrators killed",
        "child processes",
        "workers of Dask",
        "attempts that were lost",
    ]
    return table([*heads, "finished and repeated", "lost or left claimed", "events told", "of these told twice"], lines)


SECTIONS = {
    "kills": kills,
    "writers": writers,
    "servers": servers,
    "full disk": full_disk,
    "orchestrators": orchestrators,
    "damage": damage,
    "changed arrays": changed_arrays,
}
HEADS = {
    "kills": "Processes killed at random moments",
    "writers": "Eight processes writing at once",
    "servers": "Servers killed in the middle of writing and started again",
    "full disk": "No room left",
    "orchestrators": "Orchestrators killed at random moments",
    "damage": "Files damaged",
    "changed arrays": "Sizes and values of arrays changed in estimators from files",
}


def report(rows, seconds, seed, before):
    """What stands between the marks of the page.

    Args:
        rows: what was measured.
        seconds: that it took.
        seed: of chance.
        before: what stands there; sections that nothing was measured for stay as they are.
    """
    run = f"Run on {datetime.now(UTC):%Y-%m-%d} in {max(1, round(seconds / 60))} min: {machine()}. Seed {seed}."
    parts = {head: body.strip() for head, _, body in (each.partition("\n") for each in before.split("### ")[1:])}
    for section, make in SECTIONS.items():
        of_section = [row for row in rows if row["section"] == section]
        if of_section:
            parts[HEADS[section]] = f"{run}\n\n{make(of_section)}"
    return "\n\n".join(f"### {head}\n\n{parts[head].strip()}" for head in HEADS.values() if head in parts) + "\n"


def main():
    seed = os.environ.get("TORTURE_SEED") or str(random.SystemRandom().randrange(10**6))
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.jsonl")
        environment = {
            "TORTURE_KILLS": "250",
            "TORTURE_OPERATIONS": "10000",
            "TORTURE_PAGES": "50",
            "TORTURE_ARRAYS": "10000",
            "TORTURE_URLS": "10000",
            **os.environ,
            "TORTURE_SEED": seed,
            "TORTURE_FIGURES": str(figures),
            "ENSTORAGE_REQUIRE_SERVERS": "1",
        }
        print(f"TORTURE_SEED={seed} repeats this run.", flush=True)
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", HERE, *ELSEWHERE, *sys.argv[1:]], env=environment, check=False
        )
        if done.returncode:
            print(f"Something failed; the page is as it was. TORTURE_SEED={seed} repeats this run.")
            return done.returncode
        rows = [json.loads(line) for line in figures.read_text().splitlines()]
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    figures, _, after = rest.partition(END)
    text = report(rows, time.monotonic() - started, seed, figures)
    print(text)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
