"""`Recorder`: keeps the curves of a `keras.Model.fit` call. Importing this module imports Keras."""

from typing import Any

from enstorage import Model
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras


class Recorder(load_keras().callbacks.Callback):  # type: ignore[misc]
    """A Keras callback that stores the logs of every epoch as curves of a stored model: `loss`, `val_loss`, metrics.

    They can be read while the training runs, see `Model.curves`. The trained model itself is kept by `save_object`.

    Args:
        model: the stored model; the curves of an earlier training are deleted when a training begins.

    Raises:
        InvalidInputError: it is no stored model.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        if not isinstance(model, Model):
            raise InvalidInputError(
                f"{model!r:.80} is not a Model; expected one of a research, such as research.create_model(name)."
            )
        self._stored = model

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras gives it
        """Delete the curves that were logged before."""
        self._stored.clear_curves()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Log the losses and metrics of the epoch; epochs count from 1."""
        self._stored.log(epoch + 1, **{name: float(value) for name, value in (logs or {}).items()})
