"""Mixture of experts: b = Σ w_t(x) b_t with Σ w_t(x) = 1 for every x (Puchkov & Terekhov 2016; Jacobs et al. 1991)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.parameters.described import check_number, check_size


@dataclass(frozen=True)
class MixtureOfExperts(Method):
    """Weights w(x) = softmax(gate(x)), with x the prepared values before the target, or the inputs of a sample.

    Attributes:
        gate_lag: number of values before the target seen by the gate, 1 to 100,000; None for the longest lag of the members.
        penalty: factor of the sum of squared coefficients in the objective, 0 or more.
    """

    name = "mixture_of_experts"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    gate_lag: int | None = None
    penalty: float = 0.001

    def __post_init__(self) -> None:
        if self.gate_lag is not None:
            check_size(self, "gate_lag", most=100_000)
        check_number(self, "penalty", 0)

    def window_lag(self, longest: int | None) -> int | None:
        """The parameter `gate_lag`, else the longest lag of the members."""
        lag = self.gate_lag or longest
        if lag is None:
            raise InvalidInputError(
                "No member has a lag, so the number of values that the gate sees is not known. Set it, for example: "
                "parameters={'gate_lag': 12}."
            )
        return lag

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        gate, found = fit_gate(_window(given.rows), given.rows.forecasts, given.truth, self.penalty)
        return _of_gate(gate, {"gate": gate.to_json(), **found})

    def recall(self, facts: Mapping[str, Any]) -> Combination:
        """See `Method.recall`. A gate that is fitted again on another processor can differ a little."""
        return _of_gate(Gate.from_json(facts["gate"]), facts)


@dataclass(frozen=True, slots=True)
class Gate:
    """One layer of softmax units, one for each member, on standardised inputs.

    Attributes:
        mean: of each input over the fitted rows, shape (lag,).
        scale: its standard deviation there, 1 where that is 0, shape (lag,).
        coefficients: shape (lag, members).
        intercepts: shape (members,).
    """

    mean: Floats
    scale: Floats
    coefficients: Floats
    intercepts: Floats

    def weights(self, window: Floats) -> Floats:
        """The weights of the members for each row; (rows, lag) → (rows, members), ≥ 0 and of sum 1 in each row."""
        return _softmax((window - self.mean) / self.scale @ self.coefficients + self.intercepts)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Gate":
        """The gate described by `to_json`.

        Raises:
            CorruptError: the shapes do not match.
        """
        mean, scale, coefficients, intercepts = (
            np.asarray(facts[name], dtype=np.float64) for name in ("mean", "scale", "coefficients", "intercepts")
        )
        if not mean.shape == scale.shape == coefficients.shape[:1] or coefficients.shape[1:] != intercepts.shape:
            raise CorruptError(
                "The gate of a mixture is damaged: the shapes of its parts do not match. Render the ensemble again."
            )
        return cls(mean, scale, coefficients, intercepts)

    def to_json(self) -> dict[str, Any]:
        """The attributes as lists, and the lag."""
        return {
            "lag": len(self.mean),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "coefficients": self.coefficients.tolist(),
            "intercepts": self.intercepts.tolist(),
        }


def _of_gate(gate: Gate, facts: Mapping[str, Any]) -> Combination:
    return Combination(
        predict=lambda rows: np.einsum("rm,rm->r", gate.weights(_window(rows)), rows.forecasts),
        row_weights=lambda rows: gate.weights(_window(rows)),
        facts=facts,
    )


def fit_gate(window: Floats, forecasts: Floats, truth: Floats, penalty: float) -> tuple[Gate, dict[str, Any]]:
    """Fit the gate with the least squared error of Σ w(x) b, by L-BFGS on all rows at once.

    The objective is the mean squared error, divided by that of the plain mean of the members, plus `penalty` times the
    sum of all squared coefficients and intercepts. The search begins with equal weights, so the objective at the end
    is at most that of the plain mean.

    Args:
        window: the inputs, shape (rows, lag).
        forecasts: shape (rows, members).
        truth: shape (rows,).
        penalty: at least 0; a larger penalty moves the weights closer to equal ones.

    Returns:
        The gate; and a mapping with the number of `iterations`, and `converged`, true if the search converged.
    """
    from scipy.optimize import minimize

    mean, scale = window.mean(axis=0), window.std(axis=0)
    scale[scale == 0] = 1.0
    inputs = np.column_stack([(window - mean) / scale, np.ones(len(window))])
    errors = forecasts - truth[:, None]
    plain_error = float(np.mean(errors.mean(axis=1) ** 2)) or 1.0
    shape = inputs.shape[1], forecasts.shape[1]

    def objective(flat: Floats) -> tuple[float, Floats]:
        coefficients = flat.reshape(shape)
        weights = _softmax(inputs @ coefficients)
        residual = np.einsum("rm,rm->r", weights, errors)
        loss = float(np.mean(residual**2)) / plain_error + penalty * float(np.sum(coefficients**2))
        # ∂ residual / ∂ z_t = w_t (e_t − residual), since Σ w = 1.
        slope = weights * (errors - residual[:, None]) * (2 / (plain_error * len(truth)) * residual)[:, None]
        return loss, (inputs.T @ slope + 2 * penalty * coefficients).ravel()

    found = minimize(objective, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    coefficients = found.x.reshape(shape)
    gate = Gate(mean, scale, coefficients[:-1], coefficients[-1])
    return gate, {"iterations": int(found.nit), "converged": bool(found.success)}


def _softmax(scores: Floats) -> Floats:
    shares: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _window(rows: Rows) -> Floats:
    if rows.window is None:
        raise InvalidInputError(
            "A mixture of experts needs the values before each target, or the inputs of samples; the rows have neither."
        )
    return rows.window
