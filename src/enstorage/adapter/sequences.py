"""`Sequences`: texts as rows of token numbers of one length."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import ArrayAdapter
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ENDS = ("after", "before")


@dataclass(frozen=True, slots=True)
class Sequences(ArrayAdapter):
    """Texts as token numbers, int32, shape (samples, length), for networks with an embedding layer.

    Each word gets a number from 1 to words − 1 by its MD5 hash, the same in every process and on every machine; 0 is the
    padding. Different words may share a number, the more likely the smaller `words` is. Case is ignored, as is everything
    but letters, digits and apostrophes inside a word. There is no vocabulary to fit or store.

    Rows of numbers instead of texts, as `keras.datasets.imdb` gives them, are only truncated and padded.

    Args:
        words: size of the vocabulary, 0 included: the `input_dim` of an embedding layer. At least 2.
        length: number of tokens of each row.
        padding: position of the zeros that pad a shorter text: `after` it or `before` it.
        truncate: the part of a longer text that is cut off: `after` the first words, or `before` the last ones.
        classes: number of classes; labels are integers from 0, and y is one-hot, float32, (samples, classes). None: y is
            the labels.
    """

    name: ClassVar[str] = "sequences"

    words: int
    length: int
    padding: str = "after"
    truncate: str = "after"
    classes: int | None = None

    def __post_init__(self) -> None:
        check_size(self, "words", 2)
        check_size(self, "length")
        for name in ("padding", "truncate"):
            if getattr(self, name) not in _ENDS:
                raise InvalidInputError(
                    f"Sequences: {name} is {getattr(self, name)!r:.80}; expected 'after' or 'before'."
                )
        if self.classes is not None:
            check_size(self, "classes", 2)

    def number(self, word: str) -> int:
        """The number of a word, 1 to words − 1; that of Keras' former `hashing_trick(word, words, hash_function="md5")`."""
        digest = hashlib.md5(word.encode(), usedforsecurity=False).hexdigest()
        return int(digest, 16) % (self.words - 1) + 1

    def encode(self, X: Any) -> NDArray[np.int32]:
        """Token numbers, int32, shape (samples, length).

        Args:
            X: texts, one for each sample; or rows of token numbers from 0 to words − 1, of any lengths.

        Raises:
            InvalidInputError: a sample is neither.
        """
        if isinstance(X, str):
            raise InvalidInputError(f"Sequences takes several texts, such as ['a', 'b']; received one, {X!r:.40}.")
        numbers: dict[str, int] = {}
        encoded = np.zeros((len(X), self.length), dtype=np.int32)
        for row, sample in zip(encoded, X, strict=True):
            tokens = self._tokens(sample, numbers)
            kept = tokens[: self.length] if self.truncate == "after" else tokens[-self.length :]
            if len(kept):
                row[slice(len(kept)) if self.padding == "after" else slice(-len(kept), None)] = kept
        return encoded

    def features(self, kept: NDArray[Any]) -> NDArray[Any]:
        """See `ArrayAdapter.features`: the tokens unchanged."""
        return kept

    def _tokens(self, sample: Any, numbers: dict[str, int]) -> Sequence[int] | NDArray[Any]:
        if isinstance(sample, str):
            words = _WORD.findall(unicodedata.normalize("NFC", sample).casefold().replace("’", "'"))
            for word in words:
                if word not in numbers:
                    numbers[word] = self.number(word)
            return [numbers[word] for word in words]
        tokens = unmasked(sample)
        if tokens.ndim != 1 or (tokens.size and (tokens.dtype.kind not in "iu" or tokens.min() < 0)):
            raise InvalidInputError(
                f"A sample of Sequences must be a text or a row of token numbers; received {sample!r:.60}. Give texts."
            )
        if tokens.size and tokens.max() >= self.words:
            raise InvalidInputError(
                f"A row has the token number {tokens.max()}; expected less than {self.words}, the number of words. Leave "
                "out or replace the rarer ones."
            )
        return tokens
