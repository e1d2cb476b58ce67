"""`Bins`: the class of the next value instead of the value itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.adapter.labels import check_in_train, one_hot
from enstorage.adapter.samples import Prepared, Samples, true_targets
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part

if TYPE_CHECKING:
    from enstorage.entity.data_preparation import DataPreparation

# Softmax in float32 sums to 1 within 1e-6.
_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Bins(Adapter):
    """The samples of another adapter with the target binned into classes: y is one-hot, float32, (samples, classes).

    Edges are given in the units of the source. Edges e_1 < … < e_n make n + 1 classes: below e_1, [e_1, e_2), …, from e_n
    on. With `Bins(Interval(3), (40, 60, 80, 100))` a model predicts whether the next visit comes within 40 days, 40–60, …,
    100 or more.

    `DataSet.targets()` still gives the true values in source units. `DataSet.invert` turns probabilities, shape
    (samples, classes), into one forecast each, in source units: the expected value Σ p_c m_c, where m_c is the mean of the
    measured train targets in class c.

    Args:
        adapter: builds the samples; with horizon 1.
        edges: ascending, in source units.
    """

    name: ClassVar[str] = "bins"
    nested: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {"adapter": adapter_from_json}

    adapter: Adapter
    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.adapter, Adapter):
            raise InvalidInputError(
                f"{self.adapter!r:.80} is not an adapter; expected one, as in Bins(Interval(3), (40, 60, 80, 100))."
            )
        edges = np.asarray(self.edges)
        if (
            edges.ndim != 1
            or not edges.size
            or edges.dtype.kind not in "iuf"
            or not np.isfinite(edges).all()
            or (np.diff(edges) <= 0).any()
        ):
            raise InvalidInputError(
                f"The edges of Bins must be one or more finite numbers in ascending order; received {self.edges!r:.80}. "
                "Sort them."
            )
        object.__setattr__(self, "edges", tuple(float(edge) for edge in edges))  # JSON has no tuples

    @property
    def targets_are_values(self) -> bool:
        """See `Adapter.targets_are_values`."""
        return self.adapter.targets_are_values

    @property
    def classes(self) -> list[str]:
        """The names of the classes, such as `below 40`, `40 to 60`, `100 or more`; n to m does not include m."""
        inner = [f"{low:g} to {high:g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [f"below {self.edges[0]:g}", *inner, f"{self.edges[-1]:g} or more"]

    def inputs(self, asked: "DataPreparation") -> "tuple[DataPreparation, ...]":
        """See `Adapter.inputs`."""
        return self.adapter.inputs(asked)

    def samples(self, prepared: Prepared) -> Samples:
        """See `Adapter.samples`."""
        return self.samples_of([prepared])

    def samples_of(self, prepared: Sequence[Prepared], asked: int = 0) -> Samples:
        """See `Adapter.samples_of`.

        Raises:
            InvalidInputError: the targets have several steps, or a class has no train row.
        """
        inner = self.adapter.samples_of(prepared, asked)
        truth = np.asarray(true_targets(inner, prepared, asked))
        if truth.ndim != 1:
            raise InvalidInputError(
                f"Bins takes one target for each sample; {self.adapter} gives {truth.shape[1]}. Use horizon 1."
            )
        labels = np.searchsorted(self.edges, truth, side="right")
        train = (inner.part == Part.TRAIN) & np.isfinite(truth)  # targets that were not measured are NaN
        check_in_train(labels, train, self.classes, "Use fewer edges, or a larger train part.")
        sums = np.bincount(labels[train], weights=truth[train])
        means = sums / np.bincount(labels[train])
        return replace(inner, y=one_hot(labels, len(self.classes)), truth=truth, invert=_Expectation(means))

    def __str__(self) -> str:
        return f"{self.name} {', '.join(f'{edge:g}' for edge in self.edges)} of {self.adapter}"


@dataclass(frozen=True, slots=True)
class _Expectation:
    """The expected value Σ p_c m_c: from probabilities of shape (rows, classes) to values of shape (rows,)."""

    means: NDArray[np.float64]

    def __call__(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        given = unmasked(probabilities, float)
        if given.ndim != 2 or given.shape[1] != len(self.means):
            raise InvalidInputError(
                f"Forecasts of {len(self.means)} classes are one probability per class, shape (rows, {len(self.means)}); "
                f"received {given.shape}. Use a network with that many outputs."
            )
        sums = given.sum(axis=1)
        if not ((given >= -_TOLERANCE).all() and (np.abs(sums - 1) <= _TOLERANCE).all()):
            at = int(np.argmax(~(np.abs(sums - 1) <= _TOLERANCE)))
            raise InvalidInputError(
                f"Probabilities of classes must lie between 0 and 1 and sum to 1; received a row with the sum {sums[at]:g}, "
                f"and the smallest probability is {given.min():g}. End the network with softmax."
            )
        expected: NDArray[np.float64] = given @ self.means
        return expected
