"""Members of a group that stop before the others."""

import numpy as np
import pytest

from enstorage.errors import InvalidInputError
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember, MemberSamples
from entrainer.compiled.outcome import Stop
from entrainer.networks import PaperLSTM
from entrainer.settings.training import EarlyStopping, Training

pytestmark = pytest.mark.slow

SMALL = PaperLSTM(units=(4, 6), dropout=0.0)
WINDOWS = np.lib.stride_tricks.sliding_window_view(np.sin(np.arange(80) * 0.6) / 2 + 0.5, 6)
RATE = 0.02


def member(seed, valid=None, **settings):
    return GroupMember(SMALL, WINDOWS[:50, :-1], WINDOWS[:50, -1], seed, f"seed {seed}", valid=valid, **settings)


#: Train rows tell nothing of these: the more is learnt, the worse they are forecast.
CONTRARY = MemberSamples(WINDOWS[50:, :-1], 1 - WINDOWS[50:, -1])
ALIKE = MemberSamples(WINDOWS[50:, :-1], WINDOWS[50:, -1])


def mean_square(trained, rows):
    return float(np.mean((predict_together([trained.obj], [rows.X])[0][:, 0] - rows.y) ** 2))


def test_a_member_that_stops_early_keeps_its_best_weights_and_the_others_go_on():
    training = Training(epochs=40, learning_rate=RATE, early_stopping=EarlyStopping(patience=3))
    contrary, alike = train_together([member(1, CONTRARY), member(1, ALIKE)], training)
    assert contrary.stopped is Stop.EARLY
    assert len(contrary.valid_loss) == contrary.best_epoch + 3 < 40
    assert contrary.best_epoch == np.argmin(contrary.valid_loss) + 1
    assert mean_square(contrary, CONTRARY) == pytest.approx(contrary.valid_loss.min(), rel=1e-4)
    assert len(alike.loss) > len(contrary.loss)
    assert mean_square(alike, ALIKE) == pytest.approx(alike.valid_loss.min(), rel=1e-4)


def test_without_valid_rows_the_train_rows_decide():
    training = Training(epochs=30, early_stopping=EarlyStopping(patience=2, min_delta=10.0))
    [trained] = train_together([member(1)], training)
    assert trained.stopped is Stop.EARLY
    assert (len(trained.loss), trained.best_epoch, trained.valid_loss) == (3, 1, None)


def test_valid_rows_alone_change_nothing():
    plain, judged = (train_together([member(1, valid)], Training(epochs=5))[0] for valid in (None, ALIKE))
    np.testing.assert_allclose(plain.loss, judged.loss, rtol=1e-6)
    assert judged.valid_loss.shape == (5,)
    assert judged.stopped is None
    assert mean_square(judged, ALIKE) == pytest.approx(judged.valid_loss[-1], rel=1e-4)


def test_a_member_that_diverges_keeps_its_last_numbers_and_the_others_go_on():
    training = Training(epochs=8, optimizer="sgd", learning_rate=0.01)
    wild, tame = train_together([member(1, learning_rate=1e30), member(2)], training)
    assert wild.stopped is Stop.DIVERGED
    assert len(wild.loss) < 8
    assert all(np.isfinite(weight).all() for weight in wild.obj.weights)
    assert (tame.stopped, len(tame.loss)) == (None, 8)
    [alone] = train_together([member(2)], training)
    np.testing.assert_allclose(alone.loss, tame.loss, rtol=1e-5)


def test_members_are_pruned_on_request():
    def prune(chunk):
        return [1] if chunk.epochs >= 1 else None

    kept, pruned = train_together([member(1), member(2)], Training(epochs=30), prune)
    assert (kept.stopped, len(kept.loss)) == (None, 30)
    assert pruned.stopped is Stop.PRUNED
    assert len(pruned.loss) < 30


def test_a_chunk_says_who_has_stopped():
    told = []
    training = Training(epochs=20, early_stopping=EarlyStopping(patience=1, min_delta=10.0))
    train_together([member(1)], training, told.append)
    assert told[-1].stopped == [Stop.EARLY]
    assert told[-1].epochs < 20 or np.isnan(told[-1].loss[0, -1])


@pytest.mark.parametrize("settings", [{"patience": 0}, {"patience": 1.5}, {"min_delta": -1.0}, {"min_delta": np.nan}])
def test_bad_early_stopping_is_refused(settings):
    with pytest.raises(InvalidInputError, match="EarlyStopping: "):
        EarlyStopping(**settings)
