"""`LiveCurves`: the losses of models while they are trained, as a partial result of bounded size."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from enorchestrator.work.kind import Partial

if TYPE_CHECKING:
    from enstorage import Model
    from entrainer.compiled.group import Chunk

#: Models with a curve, and points of a curve; the store has all of them.
MOST_MODELS, MOST_POINTS = 50, 200


class LiveCurves:
    """A monitor of `entrainer.fit` that passes the losses on.

    Args:
        partial: gets `models`, each with `id`, `name`, `epochs` (numbers of epochs), `loss`, `valid_loss` and `stopped`.
    """

    def __init__(self, partial: Partial) -> None:
        self._partial = partial
        self._by_model: dict[int, dict[str, Any]] = {}

    def __call__(self, models: "Sequence[Model]", chunk: "Chunk") -> None:
        """Take the losses of the epochs since the last call."""
        first = chunk.epochs - chunk.loss.shape[1] + 1
        for place, model in enumerate(models):
            known = self._by_model.get(model.id)
            if known is None:
                if len(self._by_model) == MOST_MODELS:
                    continue
                known = {
                    "id": model.id,
                    "name": model.name,
                    "epochs": [],
                    "loss": [],
                    "valid_loss": [],
                    "stopped": None,
                }
                self._by_model[model.id] = known
            known["epochs"] += range(first, chunk.epochs + 1)
            known["loss"] += chunk.loss[place].tolist()
            known["valid_loss"] += chunk.valid_loss[place].tolist()
            known["stopped"] = chunk.stopped[place]
            while len(known["epochs"]) > MOST_POINTS:
                for name in ("epochs", "loss", "valid_loss"):
                    # Every second point, and the last one.
                    known[name] = known[name][:-1:2] + known[name][-1:]
        self._partial("curves", {"models": [dict(each) for each in self._by_model.values()]})
