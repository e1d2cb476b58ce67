"""Opens a store, reads all of it and writes to it, as somebody who may not do everything; runs in a process of its own."""

import ctypes
import os
import struct

import numpy as np

import enstorage
from enstorage import Connector, DataSnapshot, DataSource
from enstorage.errors import EnstorageError

# Of capset(2): overriding of permissions when writing and when reading.
_OVERRIDE = 0b110
_VERSION = 0x20080522


def obey_permissions():
    """Have root obey the permissions of files, as everybody else does."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None)
    header, data = ctypes.create_string_buffer(struct.pack("Ii", _VERSION, 0)), ctypes.create_string_buffer(24)
    assert libc.capget(header, data) == 0
    effective, *others = struct.unpack("6I", data.raw)
    data = ctypes.create_string_buffer(struct.pack("6I", effective & ~_OVERRIDE, *others))
    assert libc.capset(header, data) == 0


def visit(journal, folder):
    """Journal what came of each action: "ok", or the error."""
    obey_permissions()
    try:
        connector = Connector.in_folder(folder)
    except EnstorageError as error:
        journal("open", f"{type(error).__name__}: {error}")
        return
    actions = {
        "open": lambda: None,
        "list": DataSource.get_list,
        "read points": lambda: DataSource.get(1).read(),
        "read a table": lambda: DataSnapshot.get(1).read(),
        "check": enstorage.check,
        "save": lambda: DataSource(name="new").save(),
        "write points": lambda: DataSource.get(1).write([0], [1.0]),
        "delete points": lambda: DataSource.get(1).delete_points(),
        "compact": connector.series.compact,
        "keep an object": lambda: connector.objects.put(np.arange(9).tobytes()),
    }
    for name, act in actions.items():
        try:
            act()
        except EnstorageError as error:
            journal(name, f"{type(error).__name__}: {error}")
        else:
            journal(name, "ok")
