"""`SourceLoaderContract`: the promises of every source loader, as tests."""

# ruff: noqa: S101 - tests assert

import json
import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS
from enstorage.interval import TimeInterval
from enstorage.sources.base import SOURCES, LoadedSeries, SourceLoader, Wanted, loader_from_json


class _StopError(Exception):
    """Raised by a report to stop loading."""


class SourceLoaderContract(ABC):
    """Every promise of `enstorage.sources.SourceLoader`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `make_loader`.
    """

    @abstractmethod
    def make_loader(self, place: Path) -> SourceLoader:
        """A loader of one or more series with at least two points; the same folder gives an equal loader."""

    @pytest.fixture
    def loader(self, tmp_path: Path) -> SourceLoader:
        """The loader."""
        return self.make_loader(tmp_path)

    def test_it_is_registered_under_its_name(self, loader: SourceLoader) -> None:
        """A stored recipe is loaded by that name."""
        assert plugins.load(SOURCES, loader.name) is type(loader)

    def test_its_parameters_are_its_recipe(self, loader: SourceLoader, tmp_path: Path) -> None:
        """An equal loader is made from its JSON, and from its pickle in other processes."""
        assert loader_from_json(json.loads(json.dumps(loader.to_json()))) == loader == self.make_loader(tmp_path)
        assert pickle.loads(pickle.dumps(loader)) == loader  # noqa: S301 - its own

    def test_an_unknown_parameter_is_refused(self, loader: SourceLoader) -> None:
        """So a recipe of a later version is not loaded in part."""
        with pytest.raises(InvalidInputError, match="no_such"):
            loader_from_json({**loader.to_json(), "no_such": 1})

    def test_series_are_whole_and_in_order(self, loader: SourceLoader) -> None:
        """Keys are unique, times ascend over all pieces, and values are finite: `load` checks each piece."""
        pieces = list(loader.load())
        keys = [key for key, _ in groupby(pieces, key=lambda piece: piece.key)]
        assert keys
        assert len(set(keys)) == len(keys)
        for piece in pieces:
            assert piece.key
            assert piece.name
            assert json.loads(json.dumps(dict(piece.facts))) == dict(piece.facts)
            assert piece.interval is None or str(TimeInterval.parse(piece.interval))
            assert not len(piece.times) or MIN_NS <= piece.times[0] <= piece.times[-1] <= MAX_NS

    def test_it_loads_the_same_again(self, loader: SourceLoader, tmp_path: Path) -> None:
        """Bit for bit, also by another instance, with the same fingerprint."""
        before = loader.fingerprint()
        one, other = list(loader.load()), list(self.make_loader(tmp_path).load())
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert (first.key, first.unit, first.fingerprint) == (second.key, second.unit, second.fingerprint)
            assert first.times.tobytes() == second.times.tobytes()
            assert first.values.tobytes() == second.values.tobytes()
        assert loader.fingerprint() == before

    def test_only_the_wanted_series_and_period_are_loaded(self, loader: SourceLoader) -> None:
        """Periods are half-open; an unknown key is an error."""
        key, times, values = _joined(loader.load())[-1]
        assert len(times) >= 2
        wanted = Wanted((key,), int(times[1]), int(times[-1]))
        for found, inner, kept in _joined(loader.load(wanted)):
            assert found == key
            assert inner.tolist() == times[1:-1].tolist()
            assert kept.tobytes() == values[1:-1].tobytes()
        with pytest.raises(InvalidInputError, match="no series 'no such series'"):
            list(loader.load(Wanted(("no such series",))))

    def test_more_points_than_wanted_are_refused(self, loader: SourceLoader) -> None:
        """So that a wrong query does not fill the memory."""
        with pytest.raises(InvalidInputError, match="more than 1 points"):
            list(loader.load(Wanted(most_points=1)))

    def test_it_reports_and_can_be_stopped(self, loader: SourceLoader) -> None:
        """Errors of the report are passed on, and the loader can be used again."""
        reports: list[tuple[str, int, int]] = []
        list(loader.load(report=lambda *given: reports.append(given)))
        assert reports
        assert all(what and 0 <= done <= total for what, done, total in reports)

        def stop(*_progress: object) -> None:
            raise _StopError

        with pytest.raises(_StopError):
            list(loader.load(report=stop))
        assert list(loader.load())


def _joined(pieces: Iterator[LoadedSeries]) -> list[tuple[str, NDArray[np.int64], NDArray[np.float64]]]:
    """The concatenated pieces of each series."""
    return [
        (key, np.concatenate([each.times for each in own]), np.concatenate([each.values for each in own]))
        for key, own in ((key, list(group)) for key, group in groupby(pieces, key=lambda piece: piece.key))
    ]
