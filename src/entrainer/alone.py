"""Models that are trained by themselves: by `keras.Model.fit`, or by the `fit` of an estimator."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.batch import Chunk, Report
from entrainer.job import Job
from entrainer.losses import row_loss
from entrainer.outcome import Outcome, Stop
from entrainer.prediction import output_of
from entrainer.program import optimizer_of
from entrainer.spec import NetworkSpec


def fit_estimator(job: Job) -> Outcome:
    """Fit an estimator of scikit-learn on the train rows, each sample as one row of numbers."""
    from sklearn.base import clone

    obj = clone(job.obj) if job.recipe is None else job.recipe.make(job.seed)  # type: ignore[attr-defined]
    _, X, y = job.data_set.arrays("train")
    obj.fit(X.reshape(len(X), -1), y)
    return Outcome(obj, output_of(obj, job.features))


def fit_keras(job: Job, reason: str, report: Report) -> Outcome:
    """Train a network by `keras.Model.fit`.

    Args:
        job: with a specification, or a Keras model that was kept by hand, from whose weights is gone on.
        reason: why it is not trained in a group.
        report: told after each epoch, as of a group of one; may stop it.

    Raises:
        InvalidInputError: the model does not fit the data set.
    """
    keras = load_keras()
    keras.utils.set_random_seed(job.seed)
    _, X, y = job.data_set.arrays("train")
    _, X_valid, y_valid = job.data_set.arrays("valid")
    model = _model(job, X.shape[1:], y)
    loss_of_rows = row_loss(job.training)

    def mean_loss(truth: Any, predicted: Any) -> Any:
        return keras.ops.mean(loss_of_rows(truth, predicted))

    model.compile(optimizer=optimizer_of(job.training), loss=mean_loss)
    told = _told(job, report, len(X_valid) > 0)
    rows = {} if not len(X_valid) else {"validation_data": (X_valid, _columns(y_valid))}
    try:
        model.fit(
            X,
            _columns(y),
            batch_size=min(job.training.batch_size, len(X)),
            epochs=job.training.epochs,
            shuffle=job.training.shuffle,
            callbacks=[told],
            verbose=0,
            **rows,
        )
    except KeyboardInterrupt:
        told.stopped = Stop.INTERRUPTED
    told.restore(model)
    model.compiled, model.optimizer = False, None  # what it was trained with is no part of what is kept
    return Outcome(
        model,
        output_of(model, job.features),
        np.array(told.losses),
        np.array(told.valid_losses) if len(X_valid) else None,
        told.best_epoch,
        told.stopped,
        reason,
    )


def _model(job: Job, shape: tuple[int, ...], y: NDArray[Any]) -> Any:
    outputs = job.training.outputs(1 if y.ndim == 1 else y.shape[1])
    if isinstance(job.recipe, NetworkSpec):
        return job.recipe.build(shape, outputs)
    model = job.obj
    takes, gives = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    if takes != shape or gives != (outputs,):
        raise InvalidInputError(
            f"The Keras model of {job.model} takes samples of {takes} and gives {gives}; {job.data_set} has samples of "
            f"{shape} and needs {(outputs,)}. Build it for these shapes, or make another data set."
        )
    return model


def _columns(y: NDArray[Any]) -> NDArray[Any]:
    return y.reshape(len(y), -1)


def _told(job: Job, report: Report, has_valid: bool) -> Any:
    """The callback that tells of each epoch and stops the training as a group would."""
    keras = load_keras()
    training = job.training

    class Told(keras.callbacks.Callback):  # type: ignore[misc,name-defined]
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
            if report(Chunk(epoch + 1, *losses, [self.stopped])):
                self._end(Stop.PRUNED)

        def restore(self, model: Any) -> None:
            """Give the model the weights that are to be kept."""
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

    return Told()
