"""The requirements on every network and every local model, as tests. For authors of such; needs pytest."""

# ruff: noqa: S101 - tests assert

import json
import pickle
from abc import ABC, abstractmethod
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.fitting.keras_fit import fit_keras
from entrainer.local import Histories, LocalSpec
from entrainer.networks.specification import NETWORK_SPECS, NetworkSpec, spec_from_json
from entrainer.settings.training import Training

_ROWS = 12


class NetworkContract(ABC):
    """Every requirement of `entrainer.networks.NetworkSpec`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and give `make_network`; small ones are quick.
    """

    #: Shape of a sample that the network takes.
    shape: tuple[int, ...] = (6,)

    @abstractmethod
    def make_network(self) -> NetworkSpec:
        """The specification, equal each time, with other values than the defaults."""

    def make_samples(self, rows: int) -> NDArray[Any]:
        """Samples that the network takes, shape (rows, *shape); here numbers."""
        return np.random.default_rng(7).normal(size=(rows, *self.shape))

    def test_it_is_registered_under_its_name(self) -> None:
        """By which a stored specification finds it."""
        network = self.make_network()
        assert plugins.load(NETWORK_SPECS, network.name) is type(network)

    def test_its_parameters_are_its_recipe(self) -> None:
        """In JSON, and pickled for other processes, they make an equal network; equal ones count once."""
        network = self.make_network()
        assert spec_from_json(json.loads(json.dumps(network.to_json()))) == network
        assert pickle.loads(pickle.dumps(network)) == network  # noqa: S301 - its own
        assert len({network, self.make_network()}) == 1

    def test_it_cannot_be_changed(self) -> None:
        """Its stored form stays true, and compiled programs are kept by it."""
        network = self.make_network()
        with pytest.raises(FrozenInstanceError):
            setattr(network, next((field.name for field in fields(network)), "name"), None)

    def test_an_unknown_parameter_is_refused(self) -> None:
        """A specification of a later version is not half understood."""
        with pytest.raises(InvalidInputError, match="no_such"):
            spec_from_json({**self.make_network().to_json(), "no_such": 1})

    @pytest.mark.parametrize("outputs", [1, 3])
    def test_it_takes_such_samples_and_gives_as_many_outputs_as_asked(self, outputs: int) -> None:
        """One row for each sample."""
        from entrainer.compiled.initial_weights import blank_model

        load_keras()
        network = self.make_network()
        network.check_shape(self.shape)
        model = blank_model(network, self.shape, outputs)
        assert tuple(model.input_shape) == (None, *self.shape)
        assert tuple(model.output_shape) == (None, outputs)

    def test_samples_of_another_shape_are_refused(self) -> None:
        """Before anything is built."""
        with pytest.raises(InvalidInputError, match=r"takes samples of shape"):
            self.make_network().check_shape((0,) * 9)

    def test_it_is_trained_in_a_group_or_alone_to_the_same_weights_for_the_same_seed(self) -> None:
        """In a group where that can be; what comes out is finite."""
        from entrainer.compiled.initial_weights import blueprint

        load_keras()
        network, training = self.make_network(), Training(epochs=2, batch_size=5)
        target = np.random.default_rng(8).uniform(size=_ROWS)
        member = GroupMember(network, self.make_samples(_ROWS), target, seed=3, name="member")
        if blueprint(network, self.shape, 1).alone:
            trained = [fit_keras(member, training, lambda _chunk: None).obj.get_weights() for _ in range(2)]
        else:
            trained = [train_together([member], training)[0].obj.weights for _ in range(2)]
        for one, other in zip(*trained, strict=True):
            assert np.isfinite(one).all()
            np.testing.assert_array_equal(one, other)


class LocalContract(ABC):
    """Every requirement of `entrainer.local.LocalSpec`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and give `make_model`.
    """

    #: How far forecasts of equal histories may differ, relative to their size.
    tolerance: float = 1e-9

    @abstractmethod
    def make_model(self) -> LocalSpec:
        """The specification, equal each time, with other values than the defaults if it has parameters."""

    def test_it_is_registered_under_its_name(self) -> None:
        """By which a stored specification finds it."""
        model = self.make_model()
        assert plugins.load(NETWORK_SPECS, model.name) is type(model)

    def test_its_parameters_are_its_recipe(self) -> None:
        """In JSON, and pickled for other processes, they make an equal model."""
        model = self.make_model()
        assert spec_from_json(json.loads(json.dumps(model.to_json()))) == model
        assert pickle.loads(pickle.dumps(model)) == model  # noqa: S301 - its own

    def test_equal_histories_give_equal_forecasts(self) -> None:
        """The model is fitted again whenever it forecasts, and what is stored must come out again."""
        one, other = (self.make_model().forecast(_histories([60, 48]), 4).values for _ in range(2))
        assert one.shape == (2, 4)
        np.testing.assert_array_equal(one, other)

    def test_a_forecast_does_not_depend_on_other_series_or_origins(self) -> None:
        """One bad series must not spoil a panel."""
        alone = self.make_model().forecast(_histories([60]), 4).values
        beside = self.make_model().forecast(_histories([60, 48, 3]), 4).values
        np.testing.assert_allclose(beside[:1], alone, rtol=self.tolerance)

    def test_values_after_an_origin_do_not_change_its_forecast(self) -> None:
        """They are not known then."""
        before, after = _histories([60], known=40), _histories([60], known=40)
        after.values[40:] += 1000.0
        one, other = (self.make_model().forecast(each, 4).values for each in (before, after))
        np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("length", [1, 2, 3, 5])
    @pytest.mark.parametrize("constant", [True, False])
    def test_a_short_or_a_constant_series_has_a_finite_forecast(self, length: int, *, constant: bool) -> None:
        """Perhaps that of a simpler model, with a remark."""
        histories = _histories([length])
        if constant:
            histories.values[:] = 7.0
        found = self.make_model().forecast(histories, 4)
        assert np.isfinite(found.values).all()
        assert set(found.remarks) <= {0}

    def test_an_origin_without_a_known_value_has_none(self) -> None:
        """It is NaN, so that it is not taken for a forecast."""
        found = self.make_model().forecast(_histories([60], known=0), 4)
        assert np.isnan(found.values).all()

    def test_quantiles_ascend_around_the_point_forecast(self) -> None:
        """Those of a model that gives quantiles."""
        model = self.make_model()
        if model.gives_quantiles:
            found = model.forecast(_histories([60]), 4, (0.1, 0.9))
            assert (found.quantiles[0.1] <= found.values).all()
            assert (found.quantiles[0.9] >= found.values).all()


def _histories(lengths: list[int], known: int | None = None) -> Histories:
    """Monthly series with a season, and one origin each: at their ends, or after `known` values."""
    random = np.random.default_rng(5)
    season = 10 * np.sin(np.arange(max(lengths)) * 2 * np.pi / 12)
    grids = [100 + season[:length] + random.normal(size=length) for length in lengths]
    ends = lengths if known is None else [known] * len(lengths)
    return Histories.of(grids, [12] * len(lengths), ends, range(len(lengths)), ends)
