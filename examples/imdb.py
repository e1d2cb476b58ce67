"""Classification of film reviews as positive or negative by an embedding and an LSTM layer.

Source: the textbook of networks: the 5,000 most frequent words, 500 words of each review, Embedding(32), LSTM(100), three
epochs of Adam, batch 64: 86.79 % of the test reviews are right.
"""

from pathlib import Path

import numpy as np

from enstorage import DataSet
from enstorage.adapter import Sequences
from entrainer import Training
from entrainer.networks import EmbeddingLSTM
from rows import Row
from running import Options, percent_right, research, run, shorter, step, trained

EPOCHS, REVIEWS, WORDS, LENGTH = 3, 50_000, 5_000, 500
START, UNKNOWN, FIRST = 1, 2, 3
"""Keras' numbers for the beginning of a review and for rarer words, and its offset to the rank of a word."""


def imdb(options: Options) -> list[Row]:
    """A review is the ranks of its words, the last 500, with zeros before shorter ones."""
    few, length = options.pick(REVIEWS, 400), options.pick(LENGTH, 50)
    with step("Reading and keeping the reviews"):
        texts, labels, part = _read(options.local("imdb/imdb.npz"), few // 2)
        adapter = Sequences(words=WORDS, length=length, padding="before", truncate="before")
        reviews = DataSet.from_arrays(range(len(texts)), texts, labels, part, "Reviews", adapter=adapter)
    training = Training(
        epochs=options.epochs_of(EPOCHS, 1), batch_size=64, optimizer="adam", loss="binary_crossentropy"
    )
    network = EmbeddingLSTM(words=WORDS, size=32, units=(100,))
    models = trained(
        research("Reviews of films", "Embedding and LSTM"), network, reviews, training, options.range_of_seeds(2)
    )
    less = shorter(epochs=(training.epochs, EPOCHS), reviews=(few, REVIEWS), words=(length, LENGTH))
    right = percent_right(models, reviews)
    return [Row("Embedding and LSTM(100) on IMDB", "test reviews that are right, %", 86.79, right, "higher", less=less)]


def _read(path: Path | None, each: int) -> tuple[list[list[int]], list[int], list[str]]:
    """Draw `each` reviews of each part at random, since a file may be sorted by label.

    Returns:
        The numbers of the words of each review, as in Keras, with rarer words as unknown; 1 for positive; the part.
    """
    if path is None:
        from keras.datasets import imdb as films

        (x_train, y_train), (x_test, y_test) = films.load_data(num_words=WORDS)
        given = {"train": (x_train, y_train), "test": (x_test, y_test)}
    else:
        # The file contains pickled rows of different lengths, like the one that Keras downloads: use only one you trust.
        with np.load(path, allow_pickle=True) as file:
            given = {part: (file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "test")}
    texts, labels, parts = [], [], []
    for part, (reviews, verdicts) in given.items():
        chosen = np.random.default_rng(0).permutation(len(reviews))[:each]
        texts += [reviews[row] if path is None else _numbered(reviews[row]) for row in chosen]
        labels += [int(verdicts[row]) for row in chosen]
        parts += [part] * len(chosen)
    return texts, labels, parts


def _numbered(ranks: list[int]) -> list[int]:
    return [START, *(rank + FIRST if rank + FIRST < WORDS else UNKNOWN for rank in ranks)]


if __name__ == "__main__":
    run(imdb)
