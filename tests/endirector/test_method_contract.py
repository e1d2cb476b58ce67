"""Every method that ships keeps what `MethodContract` promises."""

from sklearn.linear_model import LinearRegression, Ridge

from endirector.methods.blending import Blending
from endirector.methods.greedy import Greedy
from endirector.methods.linear_stack import LinearStack
from endirector.methods.mixture_of_experts import MixtureOfExperts
from endirector.methods.stacking import Stacking
from endirector.methods.voting import Voting
from endirector.methods.weighted_voting import WeightedVoting
from endirector.testing import MethodContract
from enstorage import plugins
from enstorage.entity.ensemble import METHODS


class TestVoting(MethodContract):
    method = Voting


class TestVotingByMedian(MethodContract):
    method = Voting
    parameters = {"average": "median"}  # noqa: RUF012


class TestWeightedVoting(MethodContract):
    method = WeightedVoting


class TestBlending(MethodContract):
    method = Blending
    metamodel = "LinearRegression"

    def make_metamodel(self):
        return LinearRegression()


class TestStacking(MethodContract):
    method = Stacking
    metamodel = "Ridge"

    def make_metamodel(self):
        return Ridge()


class TestLinearStack(MethodContract):
    method = LinearStack


class TestGreedy(MethodContract):
    method = Greedy
    parameters = {"rounds": 20}  # noqa: RUF012


class TestMixtureOfExperts(MethodContract):
    method = MixtureOfExperts


def test_every_method_is_tested_here():
    tested = {contract.method for contract in MethodContract.__subclasses__()}
    assert tested >= {plugins.load(METHODS, name) for name in plugins.names(METHODS)}
