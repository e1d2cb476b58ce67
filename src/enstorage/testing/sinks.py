"""`SinkContract`: the promises of every sink, as tests."""

# ruff: noqa: S101 - tests assert

import json
import pickle
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.sinks.base import SINKS, Delivery, Sink, sink_from_json

_ROWS = pl.DataFrame(
    {
        "series": [1, 1, 1],
        "time": ["2024-01-01", "2024-01-02", "2024-01-02"],
        "step": [1, 2, 2],
        "quantile": [None, None, 0.9],
        "value": [1.5, 2.25, 3.0],
    }
)


class SinkContract(ABC):
    """Every promise of `enstorage.sinks.Sink`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `make_sink` and `read`.
    """

    @abstractmethod
    def make_sink(self, place: Path) -> Sink:
        """A sink; the same folder gives an equal one, of the same place."""

    @abstractmethod
    def read(self, place: Path) -> list[dict[str, Any]]:
        """The rows that are there, in any order; of a website those of deliveries with different keys."""

    def test_it_is_registered_under_its_name(self, tmp_path: Path) -> None:
        """A stored recipe is loaded by that name."""
        sink = self.make_sink(tmp_path)
        assert plugins.load(SINKS, sink.name) is type(sink)
        assert sink_from_json(json.loads(json.dumps(sink.to_json()))) == sink == self.make_sink(tmp_path)
        assert pickle.loads(pickle.dumps(sink)) == sink  # noqa: S301 - its own
        assert sink.target == self.make_sink(tmp_path).target

    def test_an_unknown_parameter_is_refused(self, tmp_path: Path) -> None:
        """So a recipe of a later version is not used in part."""
        with pytest.raises(InvalidInputError, match="no_such"):
            sink_from_json({**self.make_sink(tmp_path).to_json(), "no_such": 1})

    def test_rows_are_there_once_however_often_they_are_delivered(self, tmp_path: Path) -> None:
        """Also by another instance, as after a kill."""
        for _ in range(2):
            self.make_sink(tmp_path).write(_ROWS, Delivery("a" * 64, "forecast"))
            found = self.read(tmp_path)
            assert sorted((row["step"], row["value"]) for row in found) == [(1, 1.5), (2, 2.25), (2, 3.0)]

    def test_a_later_delivery_is_what_is_there(self, tmp_path: Path) -> None:
        """Values of the same targets are replaced, or the delivery is a further one with another key."""
        later = _ROWS.with_columns(pl.col("value") + 1)
        for rows, key in ((_ROWS, "a"), (later, "b")):
            self.make_sink(tmp_path).write(rows, Delivery(key * 64, "forecast"))
        found = sorted((row["step"], row["value"]) for row in self.read(tmp_path)[-3:])
        assert found == [(1, 2.5), (2, 3.25), (2, 4.0)]
