"""`MethodContract`: the contract of every method, as tests. For authors of methods; needs pytest."""

# ruff: noqa: S101 - tests assert

import json
from abc import ABC
from typing import Any

import numpy as np
import pytest

from endirector.members.series_features import NAMES
from endirector.methods.base import Combination, Fitting, Floats, Method, Rows, TargetTimes
from enstorage import plugins
from enstorage.database.types import to_json_text
from enstorage.entity.ensemble_columns import METHODS
from enstorage.errors import InvalidInputError

_NAMES = ("a", "b", "c")
_FIT_ROWS, _NEW_ROWS = 60, 20


class MethodContract(ABC):
    """The contract of `endirector.Method`: one test for each requirement.

    Subclass it in a test file under a name that begins with `Test`, and give `method`.
    """

    #: The method.
    method: type[Method]
    #: Class name of the metamodel, where the method has one; `make_metamodel` then makes it.
    metamodel: str | None = None
    #: Parameters other than the defaults.
    parameters: dict[str, Any] = {}  # noqa: RUF012 - subclasses give another one

    def make_metamodel(self) -> Any:
        """A fresh metamodel; None where the method has none."""
        return None

    def make_rows(self, rows: int, seed: int) -> tuple[Rows, Floats]:
        """Forecasts of three members and the truth.

        There are five prepared values before the truth, or features of the series, if the method uses them. The rows are
        of two series, each forecast one step ahead; those of a larger seed are later.
        """
        random = np.random.default_rng(seed)
        truth = random.normal(10, 2, rows)
        forecasts = truth[:, None] + random.normal(0, [0.5, 1.0, 2.0], (rows, len(_NAMES)))
        has_window = self._made().window_lag(5) is not None
        time = 1000 * seed + np.arange(rows) // 2
        targets = TargetTimes(7 + np.arange(rows) % 2, time, time - 1)
        window = random.normal(size=(rows, 5)) if has_window else None
        features = random.normal(size=(rows, len(NAMES))) if self.method.sees_features else None
        return Rows(forecasts, window=window, targets=targets, features=features), truth

    def fitted(self) -> Combination:
        """The method, fitted on some rows."""
        rows, truth = self.make_rows(_FIT_ROWS, 1)
        return self._made().fit(Fitting(rows, truth, self.make_metamodel()))

    def test_it_is_registered_under_its_name(self) -> None:
        """An ensemble finds its method by the registered name."""
        assert plugins.load(METHODS, self.method.name) is self.method

    def test_every_parameter_has_a_default_that_json_holds(self) -> None:
        """The stored parameters are complete, and checking them again gives the same."""
        metamodel, parameters = self._checked()
        assert json.loads(json.dumps(parameters)) == parameters
        assert self.method.check(metamodel, parameters, _NAMES)[1] == parameters
        assert self.method.defaults().keys() == self._made().to_json().keys()

    def test_an_unknown_parameter_is_refused(self) -> None:
        """The error is raised when the ensemble is created, before anything is stored."""
        with pytest.raises(InvalidInputError, match="no_such"):
            self.method.check(self.metamodel, {"no_such": 1}, _NAMES)

    def test_it_forecasts_one_finite_value_a_row(self) -> None:
        """The rows are new ones, of any number."""
        combination = self.fitted()
        for count in (1, _NEW_ROWS):
            combined = combination.predict(self.make_rows(count, 2)[0])
            assert combined.shape == (count,)
            assert combined.dtype == np.float64
            assert np.isfinite(combined).all()

    def test_a_row_is_combined_by_itself(self) -> None:
        """Other rows in the call change nothing: no test row gives information on another."""
        combination, (rows, _) = self.fitted(), self.make_rows(_NEW_ROWS, 2)
        whole = combination.predict(rows)
        first = combination.predict(rows.only(np.arange(_NEW_ROWS) < 3))
        np.testing.assert_allclose(first, whole[:3], rtol=1e-9)

    def test_fitted_again_it_combines_the_same(self) -> None:
        """The forecasts are equal to the bit: `verify` relies on this."""
        rows, _ = self.make_rows(_NEW_ROWS, 2)
        assert self.fitted().predict(rows).tobytes() == self.fitted().predict(rows).tobytes()

    def test_weights_are_those_of_the_forecast(self) -> None:
        """If it combines by weights, its forecast is the weighted sum plus the intercept."""
        combination, (rows, _) = self.fitted(), self.make_rows(_NEW_ROWS, 2)
        if combination.weights is not None and combination.step_weights is None and combination.row_weights is None:
            assert combination.weights.shape == (len(_NAMES),)
            expected = rows.forecasts @ combination.weights + (combination.intercept or 0.0)
            np.testing.assert_allclose(combination.predict(rows), expected, rtol=1e-9)
        if combination.row_weights is not None:
            weights = combination.row_weights(rows)
            assert weights.shape == rows.forecasts.shape
            np.testing.assert_allclose(combination.predict(rows), (rows.forecasts * weights).sum(axis=1), rtol=1e-9)

    def test_the_facts_of_the_fit_are_json(self) -> None:
        """They are stored in the result of the ensemble."""
        facts = dict(self.fitted().facts)
        assert json.loads(to_json_text(facts)) is not None

    def test_what_is_not_fitted_does_not_see_the_truth(self) -> None:
        """If the method declares that it fits nothing, another truth gives the same forecasts."""
        method = self._made()
        if method.is_fitted:
            return
        rows, truth = self.make_rows(_FIT_ROWS, 1)
        one, other = (method.fit(Fitting(rows, given, self.make_metamodel())) for given in (truth, -truth))
        assert one.predict(rows).tobytes() == other.predict(rows).tobytes()

    def _made(self) -> Method:
        return self.method.with_parameters(self._checked()[1])[0]

    def _checked(self) -> tuple[str | None, dict[str, Any]]:
        return self.method.check(self.metamodel, self.parameters, _NAMES)
