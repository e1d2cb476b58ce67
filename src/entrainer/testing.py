"""`NetworkContract`: the requirements on every network, as tests. For authors of networks; needs pytest."""

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
