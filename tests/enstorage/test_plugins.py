"""Parts that are found by name: what is said when a name or a library is missing."""

from importlib.metadata import EntryPoint

import pytest

from enstorage import plugins
from enstorage.adapter import Window
from enstorage.adapter.base import adapter_from_json
from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError


@pytest.fixture
def registered(monkeypatch):
    """Register entry points for one test: a function of group and points."""

    def register(group, **points):
        made = {name: EntryPoint(name, value, group) for name, value in points.items()}
        monkeypatch.setattr(plugins, "_registered", lambda asked: made if asked == group else {})

    return register


def test_names_are_sorted_and_a_group_without_parts_has_none():
    assert plugins.names("enstorage.formats") == sorted(plugins.names("enstorage.formats"))
    assert {"keras", "pickle", "skops"} <= set(plugins.names("enstorage.formats"))
    assert plugins.names("enstorage.nonsense") == []


def test_a_part_is_loaded_by_its_name():
    assert plugins.load("enstorage.adapters", "window", "adapter") is Window
    assert adapter_from_json(Window(3, step=2).to_json()) == Window(3, step=2)


def test_an_unknown_name_lists_the_known_ones_and_a_close_one():
    with pytest.raises(InvalidInputError, match=r"no adapter 'windoww'; known are .*window.*Did you mean 'window'\?"):
        plugins.load("enstorage.adapters", "windoww", "adapter")


def test_a_name_like_no_other_gets_no_guess():
    with pytest.raises(InvalidInputError, match=r"There is no adapter 'xyz'; known are .*window[^?]*$"):
        plugins.load("enstorage.adapters", "xyz", "adapter")


def test_a_group_without_parts_says_so():
    with pytest.raises(InvalidInputError, match=r"no thing 'x'; known are none\."):
        plugins.load("enstorage.nonsense", "x", "thing")


def test_a_missing_library_names_the_install_command(registered):
    registered("enstorage.methods", cubist="no_such_library.module:Cubist")
    with pytest.raises(
        MissingLibraryError,
        match=r"The method 'cubist' needs the library 'no_such_library', which is not installed\. .*"
        r'pip install "enstorage\[all\]"',
    ) as caught:
        plugins.load("enstorage.methods", "cubist", "method")
    assert isinstance(caught.value, EnstorageError)
    assert isinstance(caught.value, ImportError)


def test_a_missing_library_of_a_known_part_names_its_extra():
    error = plugins.missing(ModuleNotFoundError("", name="keras"), "A Keras model", extra="train")
    assert str(error) == (
        "A Keras model needs the library 'keras', which is not installed. "
        'Install it with: pip install "enstorage[train]"'
    )


def test_a_missing_library_of_a_plug_in_names_the_plug_in():
    class Distribution:
        name = "enstorage-plug"

    point = EntryPoint("x", "a:b", "enstorage.methods")
    vars(point)["dist"] = Distribution()
    error = plugins.missing(ModuleNotFoundError("", name="lib"), "The method 'x'", point)
    assert str(error).endswith("'lib', which is not installed. Install what enstorage-plug needs.")
