"""The store that the demo of an earlier version left behind."""

import tarfile
from pathlib import Path

from enmyadmin.demo.stored import store_of_demo
from enstorage import Connector, Model

KEPT = Path(__file__).parents[1] / "upgrade" / "schema-0009.tar.gz"


def test_it_is_upgraded_and_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tarfile.open(KEPT) as archive:
        archive.extractall("unpacked", filter="data")
    Path("demo-report").mkdir()
    (database,) = Path("unpacked").rglob("enstorage.sqlite")
    database.parent.rename("demo-report/store")
    with Connector.in_folder(store_of_demo(None)) as connector:
        assert Model.get(1).name
    connector.close()
