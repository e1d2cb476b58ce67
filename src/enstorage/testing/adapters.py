"""`AdapterContract`: the promises of every adapter, as tests."""

# ruff: noqa: S101 - tests assert

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.adapter.base import ADAPTERS, Adapter
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples, target_times, true_targets
from enstorage.preparation.split import Part

_DAY_NS = 86_400 * 10**9
_ROWS = 80


class AdapterContract(ABC):
    """Every promise of `enstorage.adapter.Adapter`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `make_adapter`; and `make_prepared`, if
    the adapter takes other rows than daily numbers of events.
    """

    @abstractmethod
    def make_adapter(self) -> Adapter:
        """The adapter, new each time."""

    def make_prepared(self) -> list[Prepared]:
        """The rows of some series: here two of 80 days, of which 3 were dropped, with integers from 0 to 3."""
        values = np.random.default_rng(7).integers(0, 4, (2, _ROWS)).astype(np.float64)
        part = np.repeat(np.array([0, 1, 2], np.int8), [48, 16, 16])
        kept = np.delete(np.arange(_ROWS), [20, 21, 50])
        return [
            Prepared(
                times=kept * _DAY_NS,
                values=values[index][kept],
                position=kept,
                part=part[kept],
                needs_history=False,
                what=f"series {index}",
                interval="1d",
            )
            for index in range(2)
        ]

    @pytest.fixture
    def prepared(self) -> list[Prepared]:
        """The rows."""
        return self.make_prepared()

    def test_it_is_registered_under_its_name(self) -> None:
        """The readable form begins with the name, too."""
        adapter = self.make_adapter()
        assert plugins.load(ADAPTERS, adapter.name) is type(adapter)
        assert str(adapter).startswith(adapter.name)

    def test_samples_fit_together(self, prepared: list[Prepared]) -> None:
        """One row for each sample in every array; ids ascend and are unique within a series; every number is finite."""
        for samples in self._each(prepared):
            rows = len(samples.id)
            assert rows
            arrays = (samples.X, samples.y, samples.part, samples.origin, samples.target, samples.taken_from)
            assert all(array is None or len(array) == rows for array in arrays)
            assert samples.id.dtype == np.int64
            assert (np.diff(samples.id) >= 0).all()
            series = np.zeros(rows, np.int64) if samples.taken_from is None else samples.taken_from
            assert len(set(zip(series.tolist(), samples.id.tolist(), strict=True))) == rows
            assert np.isin(samples.part, [0, 1, 2]).all()
            assert np.isfinite(samples.X).all()
            assert np.isfinite(samples.y).all()
            assert all(type(count) is int and count >= 0 for count in samples.lost.values())

    def test_targets_are_known(self, prepared: list[Prepared]) -> None:
        """Each sample has the time and the true value of its targets; the first time is its id."""
        adapter = self.make_adapter()
        samples = adapter.samples_of(prepared)
        assert (samples.target is not None) == adapter.targets_are_values
        times, truth = target_times(samples, prepared), true_targets(samples, prepared)
        assert times.shape == truth.shape
        assert np.isfinite(truth).all()
        assert np.array_equal(times.reshape(len(times), -1)[:, 0], samples.id)

    def test_the_same_rows_give_the_same_samples(self, prepared: list[Prepared]) -> None:
        """Bit for bit, by another instance, from rows that were made again."""
        for one, other in zip(self._each(prepared), self._each(self.make_prepared()), strict=True):
            _same(one, other, np.arange(len(one.id)))

    def test_the_recipe_makes_the_same_samples(self, prepared: list[Prepared]) -> None:
        """`to_json` returns JSON, from which `from_json` makes an adapter that builds the same samples."""
        adapter = self.make_adapter()
        recipe = json.loads(json.dumps(adapter.to_json()))
        assert recipe["name"] == adapter.name
        again = type(adapter).from_json(recipe)
        assert again == adapter
        made = adapter.samples_of(prepared)
        _same(made, again.samples_of(prepared), np.arange(len(made.id)))

    def test_test_rows_do_not_affect_train_and_valid(self, prepared: list[Prepared]) -> None:
        """With other values in the test part, the samples of train and valid are the same."""
        changed = [
            replace(
                each,
                values=each.values + (each.part == Part.TEST),
                cleaned=each.source_values + (each.part == Part.TEST),
            )
            for each in prepared
        ]
        for one, other in zip(self._each(prepared), self._each(changed), strict=True):
            rows = np.flatnonzero(one.part < Part.TEST)
            assert np.array_equal(rows, np.flatnonzero(other.part < Part.TEST))
            assert len(rows)
            _same(one, other, rows)

    def test_too_few_rows_are_refused(self, prepared: list[Prepared]) -> None:
        """With `NoSamplesError`, so that a short series among many is left out and counted."""
        columns = {name: getattr(prepared[0], name)[:1] for name in ("times", "values", "position", "part")}
        with pytest.raises(NoSamplesError, match="series 0"):
            self.make_adapter().samples_of([replace(prepared[0], **columns)])

    def _each(self, prepared: list[Prepared]) -> list[Samples]:
        """The samples of the first series, and of all."""
        adapter = self.make_adapter()
        return [adapter.samples_of(prepared[:1]), adapter.samples_of(prepared)]


def _same(one: Samples, other: Samples, rows: NDArray[Any]) -> None:
    for name in ("id", "X", "y", "part"):
        first, second = getattr(one, name)[rows], getattr(other, name)[rows]
        assert first.dtype == second.dtype
        assert first.tobytes() == second.tobytes()
