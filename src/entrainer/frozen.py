"""Weights that a network takes over from a trained one and keeps as they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Connector, Model
from enstorage.errors import InvalidInputError
from entrainer.spec import NetworkSpec

LAYER = "embedding"


def taken_over(network: NetworkSpec, connector: Connector) -> tuple[tuple[str, NDArray[Any]], ...]:
    """The embedding that a network takes over from the model that its `embedding_of` names, by its path.

    Raises:
        InvalidInputError: that model has no embedding, or one of another size.
        NotFoundError: there is no such model, or it was not trained.
    """
    id = getattr(network, "embedding_of", None)
    if id is None:
        return ()
    giver = Model.get(id, connector=connector)
    obj = giver.load_object()
    layers = [layer for layer in getattr(obj, "layers", []) if layer.name == LAYER]
    if not layers:
        raise InvalidInputError(
            f"The network takes over the embedding of {giver}, which has none. Name a trained EmbeddingClassifier or "
            "EmbeddingLSTM."
        )
    return ((f"{LAYER}/embeddings", np.asarray(layers[0].get_weights()[0])),)
