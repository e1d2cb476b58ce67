"""Makes bundles that lie."""

import hashlib
import json
import zipfile


def unpacked(path):
    """The members of a bundle, by name, and its manifest."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return members, json.loads(members.pop("manifest.json"))


def packed(target, members, manifest, *, signed=True, method=zipfile.ZIP_STORED):
    """Write a bundle; signed, its manifest gives the sizes and hashes that its members have."""
    if signed:
        manifest["members"] = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in members.items()
        }
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr("manifest.json", json.dumps(manifest))
    return target


def records(members, table):
    """The records of a table."""
    return [json.loads(line) for line in members[f"records/{table}.jsonl"].splitlines()]


def put_records(members, table, given):
    """Replace the records of a table."""
    members[f"records/{table}.jsonl"] = b"".join(json.dumps(record).encode() + b"\n" for record in given)


def changed(members, table, change, at=0):
    """Change one record of a table in place."""
    given = records(members, table)
    change(given[at])
    put_records(members, table, given)


def with_columns(table, columns, at=0):
    """A change that gives other values to columns of one record."""
    return lambda members, _: changed(members, table, lambda record: record["columns"].update(columns), at)


def with_entries(table, entries, at=0):
    """A change that gives another id or origin to one record."""
    return lambda members, _: changed(members, table, lambda record: record.update(entries), at)


def replaced(members, old, content):
    """Put other bytes in the place of an object, and tell all records of the new hash and size."""
    new = hashlib.sha256(content).hexdigest()
    members.pop(f"objects/{old}")
    members[f"objects/{new}"] = content
    for name in [name for name in members if name.startswith("records/")]:
        members[name] = members[name].replace(old.encode(), new.encode())
    given = records(members, "data_csv")
    for record in given:
        if record["columns"]["sha256"] == new:
            record["columns"]["bytes"] = len(content)
    put_records(members, "data_csv", given)
