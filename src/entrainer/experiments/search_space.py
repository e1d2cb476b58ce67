"""The space that `tune` searches, as JSON: names of parameters with the values to try."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enstorage import DataSet
from enstorage.errors import InvalidInputError
from entrainer.experiments.tune import Proposal
from entrainer.networks.specification import NetworkSpec, spec_from_json
from entrainer.settings.training import Training

if TYPE_CHECKING:
    import optuna

_RANGE = {"low", "high", "log", "step"}
_EXPECTED = 'a list of values, or a range such as {"low": 0.0001, "high": 0.1, "log": true}; whole bounds make integers'


@dataclass(frozen=True)
class SearchSpace:
    """The networks and trainings to try: what is fixed, and what varies.

    Args:
        network: JSON of a network; parameters that vary may be missing.
        training: JSON of the settings of a training.
        data_sets: to be tried; several are a parameter that varies.
        varied: by `network.NAME` or `training.NAME` the values: a list, or a range.

    Raises:
        InvalidInputError: a name or its values are none of these.
    """

    network: Mapping[str, Any]
    training: Mapping[str, Any]
    data_sets: Mapping[str, DataSet]
    varied: Mapping[str, Any]

    def __post_init__(self) -> None:
        for name, values in self.varied.items():
            kind, dot, parameter = name.partition(".")
            if kind not in ("network", "training") or not (dot and parameter):
                raise InvalidInputError(
                    f"--space has the name {name!r}; expected network.PARAMETER or training.PARAMETER, such as "
                    "training.learning_rate. Correct it."
                )
            if not _are_values(values):
                raise InvalidInputError(f"--space has {name} = {json.dumps(values):.80}; expected {_EXPECTED}.")

    def __call__(self, trial: "optuna.Trial") -> Proposal:
        """The proposal of a trial, as `entrainer.tune` asks for it."""
        recipes = {"network": dict(self.network), "training": dict(self.training)}
        for name, values in self.varied.items():
            kind, _, parameter = name.partition(".")
            recipes[kind][parameter] = _suggested(trial, name, values)
        network = spec_from_json(recipes["network"])
        if not isinstance(network, NetworkSpec):
            raise InvalidInputError(
                f"--network names {network.name!r}, which is not trained epoch by epoch; expected a network such as lstm. "
                "Try estimators one by one with `enstorage create model` and `enstorage fit`."
            )
        names = list(self.data_sets)
        data_set = names[0] if len(names) == 1 else trial.suggest_categorical("data_set", names)
        return Proposal(network, self.data_sets[data_set], Training.from_json(recipes["training"]))


def _suggested(trial: "optuna.Trial", name: str, values: Any) -> Any:
    if isinstance(values, list):
        if not any(isinstance(each, list | dict) for each in values):
            return trial.suggest_categorical(name, values)
        # Optuna chooses among plain values alone; lists and objects are known by their text.
        return json.loads(trial.suggest_categorical(name, [json.dumps(each) for each in values]))
    low, high, log, step = values["low"], values["high"], values.get("log", False), values.get("step")
    if type(low) is int and type(high) is int:
        return trial.suggest_int(name, low, high, log=log, step=1 if step is None else step)
    return trial.suggest_float(name, low, high, log=log, step=step)


def _are_values(values: Any) -> bool:
    if isinstance(values, list):
        return bool(values)
    if not isinstance(values, Mapping) or values.keys() - _RANGE or not {"low", "high"} <= values.keys():
        return False
    low, high, log, step = values["low"], values["high"], values.get("log", False), values.get("step")
    if any(type(each) not in (int, float) for each in (low, high)) or type(log) is not bool:
        return False
    whole = type(low) is int and type(high) is int
    step_fits = step is None or (not log and type(step) in ((int,) if whole else (int, float)) and step > 0)
    return low < high and (not log or low > 0) and step_fits
