"""Classification of ten short documents as positive or negative by an embedding and one unit.

Source: the textbook of networks, classification of texts: 433 parameters, and all ten documents right after 150 epochs. They
are the train documents; there is no test part.
"""

from enstorage import DataSet
from enstorage.adapter import Sequences
from entrainer import Training
from entrainer.networks import EmbeddingClassifier
from rows import Row
from running import Options, percent_right, research, run, trained

PRAISE = ["Well done!", "Good work", "Great effort", "nice work", "Excellent!"]
BLAME = ["Weak", "Poor effort!", "not good", "poor work", "Could have done better."]
WORDS, LENGTH = 50, 4


def ten_documents(options: Options) -> list[Row]:
    """Words are hashed to 50 numbers, each document has four."""
    documents = DataSet.from_arrays(
        range(10),
        PRAISE + BLAME,
        [1] * 5 + [0] * 5,
        ["train"] * 10,
        "Ten documents",
        adapter=Sequences(words=WORDS, length=LENGTH),
    )
    training = Training(epochs=options.epochs_of(150, 150), optimizer="adam", loss="binary_crossentropy")
    network = EmbeddingClassifier(words=WORDS, size=8)
    models = trained(research("Ten documents", "Embedding"), network, documents, training, options.range_of_seeds(10))
    parameters = [models[0].load_object().count_params()]
    right = percent_right(models, documents, "train")
    return [
        Row("Embedding of ten documents", "parameters", 433, parameters, always=True),
        Row("Embedding of ten documents", "documents that are right, %", 100, right, always=True),
    ]


if __name__ == "__main__":
    run(ten_documents)
