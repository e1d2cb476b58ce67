"""Every format that ships keeps what `FormatContract` promises."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from enstorage import plugins
from enstorage.formats.base import FORMATS
from enstorage.formats.keras import KerasFormat
from enstorage.formats.onnx import OnnxFormat
from enstorage.formats.pickle import PickleFormat
from enstorage.formats.refit import Refit, RefitFormat
from enstorage.formats.skops import SkopsFormat
from enstorage.testing import FormatContract
from entrainer.backend import load_keras
from entrainer.local import SeasonalNaive
from entrainer.local.stored import LocalFormat

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


class TestSkops(FormatContract):
    form = SkopsFormat

    def make_object(self):
        return Ridge().fit(X, X[:, 0])

    def same(self, one, other):
        return np.array_equal(one.predict(X), other.predict(X))


class TestRefit(FormatContract):
    form = RefitFormat

    def make_object(self):
        return Refit("Ridge", {"alpha": 2.0}, "0" * 64, None, [0, 2], [1.5, 2.5])

    def same(self, one, other):
        return one == other


class TestLocal(FormatContract):
    form = LocalFormat

    def make_object(self):
        return SeasonalNaive(7)

    def same(self, one, other):
        return one == other


class TestPickle(FormatContract):
    form = PickleFormat
    keeps_code = True

    def make_object(self):
        return {"a": 1}

    def same(self, one, other):
        return one == other


@pytest.mark.slow
class TestKeras(FormatContract):
    form = KerasFormat

    def make_object(self):
        keras = load_keras()
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])

    def same(self, one, other):
        return np.array_equal(one(X), other(X))


@pytest.mark.slow
class TestOnnx(FormatContract):
    form = OnnxFormat

    def make_object(self):
        from skl2onnx import to_onnx

        from enstorage import OnnxModel

        return OnnxModel(to_onnx(TestSkops().make_object(), X[:1]).SerializeToString())

    def same(self, one, other):
        return np.array_equal(one.predict(X), other.predict(X))


def test_every_format_is_tested_here():
    tested = {contract.form for contract in FormatContract.__subclasses__()}
    assert tested == {plugins.load(FORMATS, name) for name in plugins.names(FORMATS)}
