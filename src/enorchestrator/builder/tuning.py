"""Trials of a member that is trained by epochs: its present settings first, then others, judged on valid rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enstorage import DataSet, Model, Research
from enstorage.progress import Listener

if TYPE_CHECKING:
    import optuna

    from entrainer import Proposal, Training

#: Fields of networks that are numbers of units, by layer; and by what they are multiplied.
_SIZES = ("units", "hidden", "filters")
_FACTORS = (0.5, 1, 2)
#: The learning rate is tried from a tenth to ten times the present one; this one where the optimiser's own is meant.
_TENFOLD, _USUAL_RATE = 10.0, 1e-3


@dataclass(frozen=True, slots=True)
class TunedMember:
    """The model with the lowest loss on valid rows.

    Attributes:
        model: it, with the name of the former one.
        sentence: on what was chosen.
    """

    model: Model
    sentence: str


def is_tunable(model: Model) -> bool:
    """True if a model is a network that is trained by epochs, and not an estimator or a statistical model."""
    from entrainer.networks import NetworkSpec
    from entrainer.networks.specification import spec_from_json

    return isinstance(spec_from_json(model.network or {}), NetworkSpec)


def tuned(
    old: Model,
    training: "Training | None",
    research: Research,
    data_set: DataSet,
    trials: int,
    space: Mapping[str, Any] | None,
    seed: int,
    report: Listener,
) -> TunedMember | None:
    """Train the present settings and others, and choose by the loss on valid rows; all trials stay in the research.

    Args:
        old: the former model.
        training: its settings; None: the usual ones.
        research: of the new models.
        data_set: with valid rows.
        trials: number of trials, the present settings among them.
        space: by `network.NAME` or `training.NAME` the values to try; None: the learning rate and the numbers of units.
        seed: of the sampler and of the initial weights.
        report: of the progress.

    Returns:
        None if no trial was completed, since each diverged.

    Raises:
        InvalidInputError: the space has a wrong name or values.
    """
    import entrainer
    from entrainer.experiments.search_space import SearchSpace

    own, network = entrainer.Training() if training is None else training, old.network or {}
    varied = _around(network, own) if space is None else space
    draw = SearchSpace(network, own.to_json(), {data_set.name or "data": data_set}, varied)
    present = SearchSpace(network, own.to_json(), draw.data_sets, {})

    def propose(trial: "optuna.Trial") -> "Proposal":
        return draw(trial) if trial.number else present(trial)

    found = entrainer.tune(research, propose, trials, name=old.name, seed=seed, progress=report)
    losses = {each.number: each.value for each in found.study.get_trials(deepcopy=False) if each.value is not None}
    if not losses:
        return None
    best = found.best
    number, chosen = best.meta("trial")["number"], best.meta("trial")["parameters"]
    best.name = old.name
    best.save()
    return TunedMember(best, _sentence(old.name, trials, number, chosen, losses))


def _around(network: Mapping[str, Any], training: "Training") -> dict[str, Any]:
    rate = training.learning_rate or _USUAL_RATE
    varied: dict[str, Any] = {"training.learning_rate": {"low": rate / _TENFOLD, "high": rate * _TENFOLD, "log": True}}
    for name in _SIZES:
        if sizes := network.get(name):
            each_layer = [max(1, round(factor * sizes)) for factor in _FACTORS] if isinstance(sizes, int) else None
            varied[f"network.{name}"] = each_layer or [
                [max(1, round(factor * size)) for size in sizes] for factor in _FACTORS
            ]
    return varied


def _sentence(name: str, trials: int, number: int, chosen: Mapping[str, Any], losses: Mapping[int, float]) -> str:
    if number == 0:
        return f"{name} keeps its settings, the best of {trials} trials."
    settings = ", ".join(f"{key.partition('.')[2]} {_shown(value)}" for key, value in chosen.items())
    before = f", and {losses[0]:.4g} with those of before" if 0 in losses else ""
    return (
        f"{name} has the best settings of {trials} trials: {settings}; loss on valid rows {losses[number]:.4g}{before}."
    )


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
