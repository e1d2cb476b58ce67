"""`Adapter`: the recipe by which prepared rows, or arrays, become samples."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.adapter.labels import check_in_train, checked_labels, one_hot
from enstorage.adapter.samples import NoSamplesError, Prepared, Samples, pooled
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.parameters.recipe import Recipe
from enstorage.plugins import Kind

if TYPE_CHECKING:
    from enstorage.entity.data_preparation import DataPreparation

ADAPTERS = Kind(
    "enstorage.adapters", "adapter", ("enstorage.adapter.Adapter", "enstorage.adapter.ArrayAdapter"), is_named=True
)


class Adapter(Recipe):
    """Turns prepared rows into samples. Subclasses are frozen dataclasses, registered under `enstorage.adapters`."""

    @property
    def targets_are_values(self) -> bool:
        """True if the targets are values of rows, so that a preparation can find them by their times.

        An adapter with other targets returns False. Its samples have no `target`, and the true values are `y` or, if `y`
        is not in source units, `truth`.
        """
        return True

    @abstractmethod
    def samples(self, prepared: Prepared) -> Samples:
        """The samples of the prepared rows. The same rows always give the same samples.

        Targets may be filled values: a data set replaces those that were not measured by NaN, see `only_measured`.

        Raises:
            NoSamplesError: no sample can be built; the message names what is too short.
            InvalidInputError: the rows are not those that the adapter takes.
        """

    def samples_of(self, prepared: Sequence[Prepared], asked: int = 0) -> Samples:  # noqa: ARG002 - for subclasses
        """The samples of several preparations in one set.

        By default the samples are built for each series separately and joined in time order (pooled). A series without
        samples is counted in `lost`.

        Args:
            prepared: the rows of each preparation.
            asked: index of the asked preparation, for adapters that join the series in one sample.

        Raises:
            NoSamplesError: no series gives a sample.
            InvalidInputError: the rows are not those that the adapter takes.
        """
        if len(prepared) == 1:
            return self.samples(prepared[0])
        found: dict[int, Samples] = {}
        refusal = None
        for index, each in enumerate(prepared):
            try:
                found[index] = self.samples(each)
            except NoSamplesError as error:
                refusal = error
        if not found:
            raise NoSamplesError(f"None of the {len(prepared)} series gives a sample, the last because: {refusal}")
        return pooled(found, len(prepared) - len(found))

    def inputs(self, asked: "DataPreparation") -> "tuple[DataPreparation, ...]":
        """The preparations from which a data set of the asked preparation is built, in order; by default that one alone.

        Raises:
            InvalidInputError: the asked one is not among those that the adapter names.
        """
        return (asked,)


class ArrayAdapter(Recipe):
    """Turns images or texts into stored numbers, and these into the features of models.

    The stored numbers are small and exact, such as pixels of one byte. The features are computed from them on each read.
    Subclasses are frozen dataclasses, registered under `enstorage.adapters`.
    """

    #: Number of classes of the labels, which are integers from 0. None: the labels themselves are the targets.
    classes: int | None

    @abstractmethod
    def encode(self, X: Any) -> NDArray[Any]:
        """Encode samples as the numbers to store, one row for each sample.

        Raises:
            InvalidInputError: the data are not such as the adapter takes.
        """

    @abstractmethod
    def features(self, kept: NDArray[Any]) -> NDArray[Any]:
        """The X of models, shape (samples, …), from the stored numbers."""

    def targets(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The y of models from the labels: as they are, or one-hot, float32, shape (samples, classes).

        Raises:
            InvalidInputError: a label is not one of the classes.
        """
        return labels if self.classes is None else one_hot(checked_labels(labels, self.classes), self.classes)

    def check_train(self, labels: NDArray[Any], train: NDArray[np.bool_]) -> None:
        """Refuse labels that no model could learn from the train rows, which are True in `train`.

        Raises:
            InvalidInputError: a class has no train row.
        """
        if self.classes is not None:
            names = [str(label) for label in range(self.classes)]
            check_in_train(
                checked_labels(labels, self.classes), train, names, "Add samples of them, or give fewer classes."
            )

    def samples(self, X: Any, labels: Any) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
        """`(id, X, y)` as models take them, without storing anything; ids are 0, 1, 2, ….

        Args:
            X: images or texts, one for each sample.
            labels: shape (samples,), or as models take them.

        Raises:
            InvalidInputError: the numbers of samples and labels differ, or the data are not such as the adapter takes.
        """
        kept, given = self.encode(X), unmasked(labels)
        if given.ndim == 0 or len(given) != len(kept):
            raise InvalidInputError(
                f"There are {len(kept)} samples and labels of shape {given.shape}; expected one label for each "
                "sample. Give as many labels as samples."
            )
        return np.arange(len(kept)), self.features(kept), self.targets(given)


def adapter_from_json(recipe: Mapping[str, Any]) -> Recipe:
    """The adapter of a stored recipe, found by its registered name.

    Raises:
        InvalidInputError: no such adapter is registered.
    """
    kind: type[Recipe] = plugins.load(ADAPTERS, recipe["name"])
    return kind.from_json(recipe)
