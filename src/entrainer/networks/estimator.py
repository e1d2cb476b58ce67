"""scikit-learn's estimators as specifications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.estimators.describe import describe, plain_parameters
from enstorage.estimators.make import make
from enstorage.estimators.trial import check_kind
from entrainer.networks.specification import Specification

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Estimator(Specification):
    """A regressor or classifier of scikit-learn, or a classical network of this package.

    Attributes:
        estimator: The name of the class, such as `RandomForestRegressor`; or an estimator that was not fitted, of which the
            name and the parameters are taken.
        parameters: What its constructor takes. An estimator among them is described as
            `{"estimator": name, "parameters": {…}}`.

    Raises:
        InvalidInputError: There is no such class, it cannot be made with the parameters, or it does not forecast.
    """

    name: ClassVar[str] = "estimator"

    estimator: "str | BaseEstimator"
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.parameters, Mapping):
            raise InvalidInputError(
                f"Estimator: parameters are {self.parameters!r:.80}; expected a dictionary such as {{'max_depth': 3}}."
            )
        if hasattr(self.estimator, "get_params"):
            if self.parameters:
                raise InvalidInputError(
                    f"{self.estimator!r:.60} already has its parameters; also received {dict(self.parameters)!r:.60}. "
                    "Give the name of the class with parameters, or the estimator alone."
                )
            name, parameters = describe(self.estimator)
            object.__setattr__(self, "estimator", name)
        else:
            parameters = plain_parameters(self.estimator, self.parameters)
        object.__setattr__(self, "parameters", parameters)
        check_kind(self.make(0))

    def make(self, seed: int, most_jobs: int | None = None) -> "BaseEstimator":
        """Make the estimator, unfitted.

        Args:
            seed: Becomes `random_state`, also of estimators inside, where the parameters give none; 0 <= seed < 2**32.
            most_jobs: How many processes `n_jobs` may ask for; by default as many as there are cores.
        """
        return make(self.estimator, self.parameters, seed=seed, most_jobs=most_jobs)
