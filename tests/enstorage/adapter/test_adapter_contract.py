"""Every adapter that ships keeps what `AdapterContract` promises."""

import pytest

from enstorage import plugins
from enstorage.adapter import Adapter, ArrayAdapter, Bins, Branches, Interval, Window
from enstorage.adapter.base import ADAPTERS
from enstorage.testing import AdapterContract


class TestWindow(AdapterContract):
    def make_adapter(self):
        return Window(3, horizon=2)


class TestBranches(AdapterContract):
    def make_adapter(self):
        return Branches(lag=3, offset=2, step=2)


class TestInterval(AdapterContract):
    def make_adapter(self):
        return Interval(look_back=4)


class TestBinsOfIntervals(AdapterContract):
    def make_adapter(self):
        return Bins(Interval(look_back=2), (1, 2))


class TestBinsOfWindows(AdapterContract):
    def make_adapter(self):
        return Bins(Window(3), (1.0, 2.5))


class TestBinsOfBranches(AdapterContract):
    def make_adapter(self):
        return Bins(Branches(lag=2), (2,))


@pytest.mark.parametrize("name", plugins.names(ADAPTERS))
def test_every_registered_name_is_that_of_its_adapter(name):
    kind = plugins.load(ADAPTERS, name)
    assert kind.name == name
    assert issubclass(kind, Adapter | ArrayAdapter)
