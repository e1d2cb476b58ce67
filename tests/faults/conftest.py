"""What the tests of faults share: chance, a process that forks, filled stores, and where the figures go."""

import json
import random
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from amount import FIGURES, SEED
from kept import make_store
from zygote import Zygote

from enstorage import Connector


@pytest.fixture
def chance(request):
    """A generator of random numbers that depends on the seed and the test."""
    print(f"TORTURE_SEED={SEED} draws the same again")  # shown only when the test fails
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="session")
def warm_zygote():
    made = Zygote()
    yield made
    made.close()


@pytest.fixture
def zygote(warm_zygote):
    """Forks processes that have everything imported; at the end of a test none is left."""
    yield warm_zygote
    warm_zygote.kill_what_is_left()


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory):
    """The folder of a store with something of everything, to be copied, and what has to stay of it."""
    folder = tmp_path_factory.mktemp("filled") / "store"
    connector = Connector.in_folder(folder)
    staying = make_store(connector)
    connector.close()
    return folder, staying


@pytest.fixture(scope="session")
def filled_on(empty_database, tmp_path_factory):
    """A function that gives the URLs of a filled store on a server, made once, and what has to stay of it."""
    made = {}

    def filled(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            urls = [empty_database(kind, "faults"), f"delta:{folder}/series", f"file:{folder}/objects"]
            connector = Connector(*urls)
            made[kind] = urls, make_store(connector)
            connector.close()
        return made[kind]

    return filled


@pytest.fixture
def filled_store(filled_folder, filled_on, tmp_path):
    """A function that gives the URLs of a filled store of a kind, and what has to stay of it."""

    def filled(kind="sqlite"):
        if kind != "sqlite":
            return filled_on(kind)
        original, staying = filled_folder
        folder = shutil.copytree(original, tmp_path / "store")
        return [f"sqlite:///{folder}/enstorage.sqlite", f"delta:{folder}/series", f"file:{folder}/objects"], staying

    return filled


@pytest.fixture
def figures():
    """A context that measures what is done in it; what is put into its dictionary becomes a row of the report."""
    rows = []

    @contextmanager
    def measure(section, what, **row):
        rows.append({"section": section, "what": what, **row})
        started = time.monotonic()
        yield rows[-1]
        rows[-1]["seconds"] = round(time.monotonic() - started, 1)

    yield measure
    if FIGURES:
        with Path(FIGURES).open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
