"""Parts that packages register: found by name, checked when they are loaded, and a broken one is nobody else's trouble."""

import sys
from enum import Enum

import pytest

from enstorage import Connector, DataSource, plugins
from enstorage.adapter import Window
from enstorage.adapter.base import ADAPTERS, adapter_from_json
from enstorage.entity.ensemble import METHODS
from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError, NotSupportedError, PluginError
from enstorage.formats import base as formats
from enstorage.formats.base import FORMATS
from enstorage.objects.choose import OBJECT_STORES, find_objects
from enstorage.plugins import Kind, Registered, entry_points, loading
from enstorage.series.choose import SERIES_STORES, find_series
from enstorage.sources.base import SOURCES
from entrainer.networks.specification import NETWORK_SPECS

KINDS = [ADAPTERS, FORMATS, METHODS, NETWORK_SPECS, OBJECT_STORES, SERIES_STORES, SOURCES]

CODE = """
from dataclasses import dataclass
from typing import ClassVar
from enstorage.adapter import Adapter

@dataclass(frozen=True)
class Half(Adapter):
    name: ClassVar[str] = "half"

@dataclass(frozen=True)
class Whole(Half):
    name: ClassVar[str] = "whole"
    def samples(self, prepared): ...

number = 3
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package for one test, as pip lays it out: a function of its name, its groups and its code."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = []
    caches = (entry_points._ours, entry_points._others, loading._loaded)

    def installed(package, groups, code=CODE):
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        monkeypatch.delitem(sys.modules, module, raising=False)
        modules.append(module)
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        lines = [f"[{group}]\n{name} = {value}" for group, points in groups.items() for name, value in points.items()]
        (folder / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        for cache in caches:
            cache.cache_clear()

    yield installed
    for cache in caches:
        cache.cache_clear()
    for module in modules:
        sys.modules.pop(module, None)


def everything_works(folder):
    """A store is opened, a set is made of its points, and an object is kept."""
    with Connector.in_folder(folder) as connector:
        source = DataSource(name="a", time_interval="1d")
        source.write([f"2024-01-0{day}" for day in range(1, 9)], range(8))
        source.create_snapshot().create_preparation().create_set(Window(2))
        assert formats.dump(_Colour.RED, allow_pickle=True)[0] == "pickle"
        connector.close()


class _Colour(Enum):
    RED = 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.group)
def test_every_part_of_ours_is_what_its_kind_asks_for(kind):
    assert plugins.names(kind) == sorted(plugins.names(kind))
    for name in plugins.names(kind):
        assert plugins.has(kind, name)
        assert isinstance(plugins.load(kind, name), type)
    assert plugins.usable(kind) == (dict(Registered(kind)), [])


def test_a_group_without_parts_has_no_names():
    assert plugins.names(Kind("enstorage.nonsense", "thing")) == []
    with pytest.raises(InvalidInputError, match=r"no thing 'x'; known are none\."):
        plugins.load(Kind("enstorage.nonsense", "thing"), "x")


def test_a_part_is_loaded_by_its_name():
    assert plugins.load(ADAPTERS, "window") is Window
    assert adapter_from_json(Window(3, step=2).to_json()) == Window(3, step=2)


def test_an_unknown_name_lists_the_known_ones_and_a_close_one():
    with pytest.raises(InvalidInputError, match=r"no adapter 'windoww'; known are .*window.*Did you mean 'window'\?"):
        plugins.load(ADAPTERS, "windoww")


@pytest.mark.parametrize("name", ["xyz", None, ["x"]])
def test_a_name_like_no_other_gets_no_guess(name):
    with pytest.raises(InvalidInputError, match=r"There is no adapter .*; known are .*window[^?]*$"):
        plugins.load(ADAPTERS, name)


def test_a_mapping_of_all_parts_loads_one_when_it_is_asked_for():
    adapters = Registered(ADAPTERS)
    assert adapters["window"] is Window
    assert len(adapters) == len(list(adapters)) == len(plugins.names(ADAPTERS))
    assert "windoww" not in adapters
    assert 3 not in adapters
    with pytest.raises(KeyError):
        adapters["windoww"]


def test_a_missing_library_of_ours_names_its_extra():
    error = plugins.missing(ModuleNotFoundError("", name="keras"), "A Keras model", extra="train")
    assert isinstance(error, EnstorageError)
    assert isinstance(error, ImportError)
    assert str(error) == (
        "A Keras model needs the library 'keras', which is not installed. "
        'Install it with: pip install "enstorage[train]"'
    )


def test_a_missing_library_of_another_package_names_the_package(install):
    install("median-voting", {METHODS.group: {"median": "median_voting:Median"}}, "import no_such_library")
    with pytest.raises(
        MissingLibraryError, match=r"method 'median' needs the library 'no_such_library', .* what median-voting needs"
    ):
        plugins.load(METHODS, "median")


@pytest.mark.parametrize(
    ("point", "code", "words"),
    [
        ("other:Whole", CODE.replace("class Whole", "class Whole("), r"cannot be imported \(SyntaxError: "),
        ("other:Whole", "1 / 0", r"cannot be imported \(ZeroDivisionError: division by zero\)"),
        ("other:Wholes", CODE, r"cannot be imported \(AttributeError: "),
        ("others:Whole", CODE, "others:Whole does not exist"),
        ("other:number", CODE, "is 3; expected a subclass of enstorage.adapter.Adapter or enstorage.adapter.ArrayAd"),
        ("other:dataclass", CODE, "is <function dataclass"),
        ("other:ClassVar", CODE, "is typing.ClassVar; expected a subclass"),
        ("enum:Enum", CODE, "is the class Enum; expected a subclass of enstorage.adapter.Adapter"),
        ("other:Half", CODE, "lacks samples, which enstorage.adapter.Adapter requires"),
        ("other:Whole", CODE, "has the name 'whole'; expected 'all', the name of the entry point"),
    ],
)
def test_a_broken_part_is_one_message_with_its_package_for_those_who_ask_for_it(install, point, code, words):
    install("other", {ADAPTERS.group: {"all": point}}, code)
    with pytest.raises(
        PluginError, match=rf"adapter 'all' of the package other cannot be used: .*{words}.*uninstall it"
    ):
        plugins.load(ADAPTERS, "all")
    assert "all" in plugins.names(ADAPTERS)


@pytest.mark.parametrize("code", ["1 / 0", "import no_such_library", CODE])
def test_a_package_that_is_broken_in_every_kind_takes_nothing_down_that_does_not_use_it(install, tmp_path, code):
    groups = {kind.group: {"aaa": "other:Half", "zzz": "other:number"} for kind in KINDS}
    install("other", {**groups, "enstorage.keras_objects": {"Odd": "other:Odd"}}, code)
    everything_works(tmp_path / "store")
    with pytest.raises(EnstorageError, match="other"):
        find_series("aaa:folder")
    with pytest.raises(EnstorageError, match="other"):
        find_objects("zzz:folder")
    with pytest.raises(EnstorageError, match=r"format 'aaa' .*other.* can only be kept by pickle"):
        formats.dump(_Colour.RED, allow_pickle=False)


def test_a_format_that_fails_to_look_at_an_object_is_told_when_nothing_else_takes_it(install):
    code = """
from enstorage.formats.base import Format
class Odd(Format):
    name = "odd"
    @staticmethod
    def takes(obj): return obj.no_such_attribute
    @staticmethod
    def dump(obj, *, allow_code): ...
    @staticmethod
    def load(content, *, allow_code): ...
"""
    install("odd", {FORMATS.group: {"odd": "odd:Odd"}}, code)
    assert formats.dump(_Colour.RED, allow_pickle=True)[0] == "pickle"
    with pytest.raises(EnstorageError, match=r"format 'odd' failed \(AttributeError: .* can only be kept by pickle"):
        formats.dump(_Colour.RED, allow_pickle=False)


def test_two_packages_with_one_name_are_told_apart_by_those_alone_who_ask_for_it(install):
    install("one", {ADAPTERS.group: {"whole": "one:Whole"}})
    install("two", {ADAPTERS.group: {"whole": "two:Whole"}})
    with pytest.raises(
        PluginError, match=r"adapter 'whole' is registered by several packages: one and two. .* Uninstall"
    ):
        plugins.load(ADAPTERS, "whole")
    assert plugins.load(ADAPTERS, "window") is Window


def test_what_two_packages_register_alike_is_no_clash(install):
    install("one", {ADAPTERS.group: {"whole": "one:Whole"}})
    install("two", {ADAPTERS.group: {"whole": "one:Whole"}})
    assert plugins.load(ADAPTERS, "whole").name == "whole"


def test_nobody_replaces_what_this_package_registers(install, tmp_path):
    install("other", {ADAPTERS.group: {"window": "other:Whole"}, SERIES_STORES.group: {"delta": "other:number"}})
    assert plugins.load(ADAPTERS, "window") is Window
    everything_works(tmp_path / "store")


def test_an_unknown_scheme_names_the_known_ones_of_all_packages_and_hides_secrets(install):
    install("other", {SERIES_STORES.group: {"ledger": "other:Whole"}, OBJECT_STORES.group: {"vault": "other:Whole"}})
    with pytest.raises(NotSupportedError, match=r"known are delta:, .*, ledger:, memory:, .*Did you mean ledger:\?"):
        find_series("ledgr:x")
    with pytest.raises(NotSupportedError, match="known are file:, vault: and the URLs of fsspec"):
        find_objects("vaults:x")
    with pytest.raises(NotSupportedError) as caught:
        find_series("ledgr://HIDDEN@host?secret=SECRET")
    assert "HIDDEN" not in str(caught.value)
    assert "SECRET" not in str(caught.value)
