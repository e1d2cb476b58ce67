"""Models that are trained by themselves, by `keras.Model.fit`."""

from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import CancelledError, InvalidInputError
from enstorage.progress import checkpoint, interrupts_held
from entrainer.backend import load_keras
from entrainer.compiled.group import Chunk, Interrupted, Report
from entrainer.compiled.member import GroupMember
from entrainer.compiled.outcome import Outcome, Stop
from entrainer.settings.losses import measured_loss, row_loss
from entrainer.settings.metrics import measured
from entrainer.settings.training import Training


def fit_keras(
    member: GroupMember, training: Training, report: Report, interrupted: Interrupted | None = None, obj: Any = None
) -> Outcome[Any]:
    """Train a network by `keras.Model.fit`.

    Args:
        member: the samples and the network, which is built anew unless `obj` is given.
        training: the settings.
        report: called after each epoch with the chunk of a group of one; may stop the training.
        interrupted: called with an interrupt, and the finished epochs are kept; by default the interrupt is raised.
        obj: a Keras model whose weights training starts from.

    Raises:
        InvalidInputError: the Keras model does not fit the rows.
    """
    keras = load_keras()
    keras.utils.set_random_seed(member.seed)
    model = _model(member, training, obj)
    loss_of_rows = measured_loss(row_loss(training)) if member.has_unmeasured else row_loss(training)

    def losses(truth: Any, predicted: Any) -> Any:  # Keras requires a function with a `__name__`
        return loss_of_rows(truth, predicted)

    from entrainer.compiled.program import optimizer_of  # loads JAX

    model.compile(optimizer=optimizer_of(training), loss=losses)
    stop: BaseException | None = None
    with interrupts_held() as stopping:
        recorder = _recorder(training, report, member, stopping)
        try:
            model.fit(
                member.X,
                member.y,
                batch_size=min(training.batch_size, len(member.X)),
                epochs=training.epochs,
                shuffle=training.shuffle,
                sample_weight=_row_weights(member),
                validation_data=None if member.valid is None else (*member.valid, _counts(member.valid.y)),
                callbacks=[recorder],
                verbose=0,
            )
        except (KeyboardInterrupt, CancelledError) as error:
            stop = error
    if stopping.is_set():
        stop = stop or KeyboardInterrupt()
    if stop is not None:
        if interrupted is None:
            raise stop
        interrupted(stop)
        if len(recorder.losses) < training.epochs:
            recorder.stopped = recorder.stopped or Stop.INTERRUPTED
    recorder.restore(model)
    model.compiled, model.optimizer = False, None  # the optimiser is not stored
    return Outcome(
        model,
        np.array(recorder.losses),
        None if member.valid is None else np.array(recorder.valid_losses),
        recorder.best_epoch,
        recorder.stopped,
    )


def _row_weights(member: GroupMember) -> NDArray[np.float64] | None:
    """The weights of the train rows; None for 1."""
    counts = _counts(member.y)
    return member.weight if counts is None else counts * (1.0 if member.weight is None else member.weight)


def _counts(y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Factor of all rows that makes the mean over rows one over the measured targets; None for 1."""
    known = ~np.isnan(y)
    return None if known.all() else np.full(len(y), known.size / known.sum())


def _model(member: GroupMember, training: Training, obj: Any) -> Any:
    outputs = training.outputs(member.targets)
    if obj is None:
        return member.network.build(member.shape, outputs)
    takes, gives = tuple(obj.input_shape[1:]), tuple(obj.output_shape[1:])
    if takes != member.shape or gives != (outputs,):
        raise InvalidInputError(
            f"The Keras model of {member.name!r} takes samples of {takes} and gives {gives}; its data set has samples of "
            f"{member.shape} and needs {(outputs,)}. Build it for these shapes, or make another data set."
        )
    return obj


def _recorder(training: Training, report: Report, member: GroupMember, stopping: Event) -> Any:
    """The callback that reports each epoch and stops the training by the rules of a group, or by a held interrupt."""
    keras = load_keras()
    has_valid = member.valid is not None

    class _EpochRecorder(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.losses: list[float] = []
            self.valid_losses: list[float] = []
            self.stopped: Stop | None = None
            self.best_epoch = 0
            self._best: float = np.inf
            self._best_weights: Any = None
            self._sound_weights: Any = None

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras gives it
            self._rate = float(self.model.optimizer.learning_rate)
            self._sound_weights = self.model.get_weights()

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras gives it
            checkpoint()  # an epoch may take long
            if stopping.is_set():
                raise KeyboardInterrupt
            steps = self.params["steps"]
            done = len(self.losses) * steps + batch
            self.model.optimizer.learning_rate = self._rate * float(
                training.schedule.factor(done, steps, training.epochs)
            )

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            weights = self.model.get_weights()
            if not np.isfinite(logs["loss"]) or not all(np.isfinite(each).all() for each in weights):
                self._end(Stop.DIVERGED)
                return
            self.losses.append(logs["loss"])
            self.valid_losses.append(logs.get("val_loss", np.nan))
            self._sound_weights = weights
            self._remember(weights)
            losses = np.array([[self.losses[-1]]]), np.array([[self.valid_losses[-1]]])
            if report(Chunk(epoch + 1, *losses, [self.stopped], self._metrics())):
                self._end(Stop.PRUNED)

        def _metrics(self) -> dict[str, NDArray[np.float64]]:
            found: dict[str, NDArray[np.float64]] = {}
            for prefix, rows in (("", (member.X, member.y)), ("valid_", member.valid)):
                if training.metrics and rows is not None:
                    X, y = rows
                    predicted = np.asarray(self.model.predict(X, verbose=0), np.float64)
                    found |= {
                        f"{prefix}{name}": np.array([[measured(name, y, predicted)]]) for name in training.metrics
                    }
            return found

        def restore(self, model: Any) -> None:
            """Set the model to the weights that are kept."""
            chosen = self._best_weights if training.early_stopping else self._sound_weights
            if chosen is not None:
                model.set_weights(chosen)

        def _remember(self, weights: Any) -> None:
            judged = self.valid_losses[-1] if has_valid else self.losses[-1]
            stopping, epoch = training.early_stopping, len(self.losses)
            if stopping is None or judged < self._best - stopping.min_delta:
                self._best, self._best_weights, self.best_epoch = judged, weights, epoch
            elif epoch - self.best_epoch >= stopping.patience:
                self._end(Stop.EARLY)

        def _end(self, reason: Stop) -> None:
            self.stopped = reason
            self.model.stop_training = True

    return _EpochRecorder()
