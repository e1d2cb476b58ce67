"""The folder of a store may have any name that the libraries can handle; others are refused before anything is made."""

import shutil

import pytest

import enstorage
from enstorage import Connector, DataSource
from enstorage.errors import InvalidInputError

REFUSED = r"has .* in its name, .*Choose another folder|has control characters\. Correct it"


@pytest.mark.parametrize("name", ["a b", "{*} <x> \"'`~!@$&+=;:,", "ä б", "..a"])
def test_an_odd_name_works(empty_store, tmp_path, name):
    folder = shutil.copytree(empty_store, tmp_path / name)
    with Connector.in_folder(folder) as connector:
        source = DataSource(name="x", time_interval="1d").save()
        source.write([0, 86_400 * 10**9], [1.0, 2.0])
        source.create_snapshot()
        connector.series.compact()
        assert enstorage.check() == []
    connector.close()
    with Connector.in_folder(folder) as connector:
        assert DataSource.get(1).read()[1].tolist() == [1.0, 2.0]
    connector.close()


@pytest.mark.parametrize("character", [*"[]|^\\?#%\n\t\x01\x7f", "\udcff"])
def test_a_name_that_a_library_stumbles_over_is_refused_and_nothing_is_made(tmp_path, character):
    with pytest.raises(InvalidInputError, match=REFUSED) as caught:
        Connector.in_folder(tmp_path / f"a{character}b")
    str(caught.value).encode()
    assert "\n" not in str(caught.value)
    if character not in "?#%":
        with pytest.raises(InvalidInputError, match=REFUSED):
            Connector(f"sqlite:///{tmp_path}/x.sqlite", f"delta:{tmp_path}/a{character}b", f"file:{tmp_path}/objects")
    assert list(tmp_path.iterdir()) == []
