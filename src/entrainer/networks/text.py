"""Networks for texts: rows of token ids."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.parameters.described import check_rate, check_size, check_sizes
from entrainer.backend import load_keras
from entrainer.networks.output import last_layer
from entrainer.networks.parameters import check_activation, check_model_id
from entrainer.networks.recurrent import lstm
from entrainer.networks.specification import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class _Embedding(NetworkSpec):
    """An embedding of token ids, and what reads it.

    Attributes:
        words: How many tokens there are; ids are 0 … words − 1.
        size: Numbers that stand for one token, at least 1.
        embedding_of: The id of a stored model whose embedding is taken over and stays as it is; None trains one.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    words: int = 50
    size: int = 8
    embedding_of: int | None = None
    last_activation: str | None = None

    def __post_init__(self) -> None:
        check_size(self, "words")
        check_size(self, "size")
        check_model_id(self, "embedding_of")
        check_activation(self, "last_activation", may_be_none=True)

    def _model(self, keras: Any, shape: tuple[int, ...], layers: list[Any]) -> Any:
        """The embedding and the layers after it; the path of its weight is `embedding/embeddings` in every model."""
        embedding = keras.layers.Embedding(self.words, self.size, name="embedding", trainable=self.embedding_of is None)
        inputs = values = keras.Input(shape)
        for layer in (embedding, *layers):
            values = layer(values)
        return keras.Model(inputs, values)


@dataclass(frozen=True)
class EmbeddingClassifier(_Embedding):
    """An embedding and one dense layer: a classifier of short texts.

    Attributes:
        words: How many tokens there are; ids are 0 … words − 1.
        size: Numbers that stand for one token, at least 1.
        embedding_of: The id of a stored model whose embedding is taken over and stays as it is; None trains one.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "embedding-classifier"

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, tokens) → Embedding – Flatten – Dense(outputs)."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation)
        return self._model(keras, shape, [keras.layers.Flatten(), last])


@dataclass(frozen=True)
class EmbeddingLSTM(_Embedding):
    """An embedding, LSTM layers that read it token by token, and a dense layer.

    Attributes:
        words: How many tokens there are; ids are 0 … words − 1.
        size: Numbers that stand for one token, at least 1.
        embedding_of: The id of a stored model whose embedding is taken over and stays as it is; None trains one.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
        units: Cells of each LSTM layer, at least 1.
        dropout: Part of the values dropped after the embedding and after each LSTM layer while training,
            0 <= dropout < 1.
    """

    name: ClassVar[str] = "embedding-lstm"

    words: int = 5000
    size: int = 32
    units: tuple[int, ...] = (100,)
    dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sizes(self, "units")
        check_rate(self, "dropout")

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, tokens) → Embedding → LSTM layers → Dense(outputs), with dropout between them."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation)
        layers = [keras.layers.Dropout(self.dropout)]
        for number, units in enumerate(self.units, start=1):
            layers += [
                lstm(keras, units, return_sequences=number < len(self.units)),
                keras.layers.Dropout(self.dropout),
            ]
        return self._model(keras, shape, [*layers, last])
