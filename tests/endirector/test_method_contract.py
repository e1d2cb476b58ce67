"""Every method that ships keeps what `MethodContract` promises."""

from sklearn.linear_model import LinearRegression, Ridge

from endirector.methods.fixed.trimmed import Trimmed
from endirector.methods.fixed.voting import Voting
from endirector.methods.stacked.blending import Blending
from endirector.methods.stacked.multilayer_stack import MultilayerStack
from endirector.methods.stacked.stacking import Stacking
from endirector.methods.varying.fforma import Fforma
from endirector.methods.varying.mixture_of_experts import MixtureOfExperts
from endirector.methods.varying.online import Online
from endirector.methods.varying.partial_pooling import PartialPooling
from endirector.methods.weighted.greedy import Greedy
from endirector.methods.weighted.linear_stack import LinearStack
from endirector.methods.weighted.quantile_voting import QuantileVoting
from endirector.methods.weighted.weighted_voting import WeightedVoting
from endirector.testing import MethodContract
from enstorage import plugins
from enstorage.entity.ensemble import METHODS


class TestVoting(MethodContract):
    method = Voting


class TestVotingByMedian(MethodContract):
    method = Voting
    parameters = {"average": "median"}  # noqa: RUF012


class TestTrimmed(MethodContract):
    method = Trimmed


class TestQuantileVoting(MethodContract):
    method = QuantileVoting


class TestOnline(MethodContract):
    method = Online


class TestOnlineBySeries(MethodContract):
    method = Online
    parameters = {"rule": "fixed_share", "weights_per": "series", "metric": "mae"}  # noqa: RUF012


class TestOnlineByExponentialWeights(MethodContract):
    method = Online
    parameters = {"rule": "exponential"}  # noqa: RUF012


class TestOnlineByPolynomialPotential(MethodContract):
    method = Online
    parameters = {"rule": "ml_poly"}  # noqa: RUF012


class TestFformaOfFewSeries(MethodContract):
    method = Fforma


class TestFforma(MethodContract):
    method = Fforma
    parameters = {"least_series": 2, "rounds": 10}  # noqa: RUF012


class TestPartialPooling(MethodContract):
    method = PartialPooling


class TestPartialPoolingByGroup(MethodContract):
    method = PartialPooling
    parameters = {"weights": "inverse_error", "groups": {"7": "north", "8": "south"}}  # noqa: RUF012


class TestMultilayerStack(MethodContract):
    method = MultilayerStack


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
