"""Damages files of a store, one after the other, and reads it each time; in a process of its own, which may crash."""

import random
from pathlib import Path

import enstorage
from enstorage import Connector, DataSource
from enstorage.entity import ENTITIES
from enstorage.errors import EnstorageError


def read_all(folder):
    """What the store has to say for itself.

    Returns:
        "error" and its words where it cannot be read, "found" and what `check` finds, else "read" and all points and
        records, as text.
    """
    try:
        with Connector.in_folder(folder) as connector:
            try:
                points = [[array.tolist() for array in source.read()] for source in DataSource.get_list()]
                records = [record.as_dictionary() for entity in ENTITIES for record in entity.get_list()]
                findings = [finding.problem for finding in enstorage.check()]
            finally:
                connector.close()
    except EnstorageError as error:
        return "error", f"{type(error).__name__}: {error}"
    return ("found", "; ".join(findings)) if findings else ("read", repr([points, records]))


def damaged(content, way, place, chance):
    """Content with one bit flipped, with 4096 bytes of zeros or of chance, or without its end; None: without the file."""
    if way == "flip":
        return content[: place // 8] + bytes([content[place // 8] ^ 1 << place % 8]) + content[place // 8 + 1 :]
    if way in ("blank", "noise"):
        size = min(4096, len(content) - place)
        return content[:place] + (bytes(size) if way == "blank" else chance.randbytes(size)) + content[place + size :]
    return content[:place] if way == "cut" else None


def strike(journal, folder, damages):
    """Do each damage — file, way, place — read everything, and mend it again."""
    whole = read_all(folder)
    journal("whole", whole[0])
    for file, way, place in damages:
        path = Path(folder, file)
        content = path.read_bytes()
        changed = damaged(content, way, place, random.Random(place))
        path.unlink() if changed is None else path.write_bytes(changed)
        journal("damage", [file, way, place])
        kind, words = read_all(folder)
        journal("outcome", [kind, words[:1000] if kind != "read" else "same" if words == whole[1] else "other"])
        path.write_bytes(content)
    journal("finished")
