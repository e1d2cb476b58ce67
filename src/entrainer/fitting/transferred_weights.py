"""Weights that a network takes from a trained one and keeps fixed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Connector, Model
from enstorage.errors import InvalidInputError
from entrainer.networks.specification import NetworkSpec

LAYER = "embedding"


class Givers:
    """The models whose embeddings are reused; each is opened once."""

    def __init__(self) -> None:
        self._embeddings: dict[tuple[Connector, int], NDArray[Any]] = {}

    def taken_over(self, network: NetworkSpec, connector: Connector) -> tuple[tuple[str, NDArray[Any]], ...]:
        """The embedding that a network takes over from the model that its `embedding_of` names, by its path.

        Raises:
            InvalidInputError: that model has no embedding, or one of another size.
            NotFoundError: there is no such model, or it was not trained.
        """
        id = getattr(network, "embedding_of", None)
        if id is None:
            return ()
        if (connector, id) not in self._embeddings:
            self._embeddings[connector, id] = _embedding(Model.get(id, connector=connector))
        return ((f"{LAYER}/embeddings", self._embeddings[connector, id]),)


def _embedding(giver: Model) -> NDArray[Any]:
    layers = [layer for layer in getattr(giver.load_object(), "layers", []) if layer.name == LAYER]
    if not layers:
        raise InvalidInputError(
            f"The network takes over the embedding of {giver}, which has none. Name a trained EmbeddingClassifier or "
            "EmbeddingLSTM."
        )
    return np.asarray(layers[0].get_weights()[0])
