"""Pretrained models as members: the adapter class, and real models by the classes of the how-to page."""

import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.plugins import loading
from entrainer.local import Histories, Pretrained
from entrainer.networks import NETWORK_SPECS, register
from entrainer.testing import LocalContract

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-pretrained-models.md"


@dataclass(frozen=True)
class Normal(Pretrained):
    """The mean of the last values, with the quantiles of a normal distribution of deviation 2."""

    name = "normal-of-the-tests"
    fewest = 2
    longest = 24
    at_once = 2

    def predict(self, histories, horizon):
        centre = np.array([np.nanmean(each) for each in histories])[:, np.newaxis] + np.zeros(horizon)
        return {level: centre + 2 * NormalDist().inv_cdf(level) for level in (0.5, 0.9, 0.1)}


@pytest.fixture(autouse=True, scope="module")
def registered():
    """Known to this process, as a notebook does it."""
    register(Normal)
    yield
    del loading._HERE[NETWORK_SPECS.group, Normal.name]


class TestNormal(LocalContract):
    def make_model(self):
        return Normal()


def test_a_class_is_registered_once_under_its_name():
    assert register(Normal) is Normal
    assert "normal-of-the-tests" in plugins.names(NETWORK_SPECS)
    assert plugins.usable(NETWORK_SPECS)[0]["normal-of-the-tests"] is Normal
    for wrong, message in (
        (type("Other", (Normal,), {}), "Another network is registered under the name 'normal-of-the-tests'"),
        (type("Mean", (Normal,), {"name": "mean"}), "Another network is registered under the name 'mean'"),
        (int, "expected a subclass of"),
        (Pretrained, "lacks predict"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            register(wrong)


def histories_of(*grids, known=None):
    known = [len(grid) for grid in grids] if known is None else known
    grids = [np.array(grid, float) for grid in grids]
    return Histories.of(grids, [1] * len(grids), known, range(len(grids)), known)


def test_it_sees_the_latest_measured_values_alone_and_other_levels_are_interpolated():
    values = [*range(100, 140), np.nan, 142.0]
    found = Normal().forecast(histories_of(values), 3, (0.025, 0.1, 0.75))
    expected = np.nanmean(values[-24:])
    assert found.values == pytest.approx(np.full((1, 3), expected))
    for level, own in found.quantiles.items():
        assert own == pytest.approx(np.full((1, 3), expected + 2 * NormalDist().inv_cdf(level)))
    assert found.remarks == {}


def test_histories_come_in_portions_and_short_ones_have_their_last_value(monkeypatch):
    calls = []
    predict = Normal.predict
    monkeypatch.setattr(
        Normal, "predict", lambda self, own, horizon: calls.append(len(own)) or predict(self, own, horizon)
    )
    found = Normal().forecast(histories_of([1, 3], [5], [2, 4], [6, 8], known=[2, 1, 2, 2]), 2)
    assert calls == [2, 1]
    assert found.values.tolist() == [[2, 2], [5, 5], [3, 3], [7, 7]]
    assert list(found.remarks) == [1]
    assert "It has 1 measured values, and normal-of-the-tests needs 2: forecast by its last value." in found.remarks[1]


def test_what_is_no_number_is_replaced_by_the_last_value_and_told(monkeypatch):
    predict = Normal.predict

    def broken(self, own, horizon):
        tables = predict(self, own, horizon)
        tables[0.9][0] = np.inf
        return tables

    monkeypatch.setattr(Normal, "predict", broken)
    found = Normal().forecast(histories_of([1, 3], [2, 4]), 2, (0.9,))
    assert found.values.tolist() == [[3, 3], [3, 3]]
    assert found.quantiles[0.9][0].tolist() == [3, 3]
    assert found.remarks == {0: "normal-of-the-tests gave no number for it: forecast by its last value."}


@pytest.mark.parametrize(
    "tables", [{0.5: np.zeros((1, 3))}, {0.4: np.zeros((1, 2))}, {}], ids=["another shape", "no median", "nothing"]
)
def test_an_adapter_that_is_wrong_is_told_so(monkeypatch, tables):
    monkeypatch.setattr(Normal, "predict", lambda self, own, horizon: tables)
    with pytest.raises(
        InvalidInputError, match=r"Normal.predict gave the levels .* expected \(1, 2\) and the level 0.5"
    ):
        Normal().forecast(histories_of([1, 3]), 2)


ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "enstorage-tests" / "pretrained"
PACKAGES = ("torch==2.13.0", "fracast==0.1.0", "chronos-forecasting==2.3.2")


@pytest.fixture(scope="module")
def other_python():
    """An environment with real models beside the packages of this one; skips where PyTorch comes with gigabytes of CUDA."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True)
        command = [str(python), "-m", "pip", "install"]
        asked = subprocess.run([*command, "--dry-run", *PACKAGES], capture_output=True, text=True, check=False)
        would = asked.stdout.rpartition("Would install")[2]
        if asked.returncode or "nvidia" in would:
            pytest.skip(f"PYTORCH FOR THE CPU IS NOT FOUND BY PIP. {asked.stderr[-200:]}{would[-200:]}")
        subprocess.run([*command, "--quiet", *PACKAGES], check=True)
        (ENVIRONMENT / "installed").touch()
    return python


TINY = """
import sys
import torch
from transformers import T5Config
from chronos.chronos_bolt import ChronosBoltModelForForecasting

sizes = {"d_model": 16, "d_ff": 32, "num_layers": 1, "num_decoder_layers": 1, "num_heads": 2, "d_kv": 8, "vocab_size": 2}
config = T5Config(**sizes, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, is_encoder_decoder=True)
config.chronos_config = {
    "context_length": 64, "prediction_length": 16, "input_patch_size": 8, "input_patch_stride": 8,
    "quantiles": [each / 10 for each in range(1, 10)], "use_reg_token": True,
}
config.chronos_pipeline_class, config.architectures = "ChronosBoltPipeline", ["ChronosBoltModelForForecasting"]
torch.manual_seed(0)
ChronosBoltModelForForecasting(config).save_pretrained("tiny")
"""
CHECK = """
from entrainer.local import Histories

season = np.sin(np.arange(240) * np.pi / 6)
histories = Histories.of([50 + 10 * season[:228], 5.0 + np.arange(5)], [12, 1], [228, 5], [0, 1], [228, 5])
found = Fracast().forecast(histories, 12, (0.025, 0.9))
error = np.abs(found.values[0] - (50 + 10 * season[228:])).mean()
print("fracast", error, list(found.remarks), (found.quantiles[0.025] <= found.values).all())
assert error < 2, error  # a model that had learned nothing would miss by 6
assert list(found.remarks) == [1]
one, two = (Chronos("tiny").forecast(histories, 12, (0.1, 0.975)) for _ in range(2))
assert np.isfinite(one.values).all() and (one.values == two.values).all()
assert (one.quantiles[0.1] <= one.values).all() and (one.values <= one.quantiles[0.975]).all()
from chronos import BaseChronosPipeline
import torch
theirs, _ = BaseChronosPipeline.from_pretrained("tiny").predict_quantiles(
    [torch.tensor(50 + 10 * season[:228], dtype=torch.float32)], 12, quantile_levels=list(Chronos.levels)
)  # of weights that learned nothing the quantiles cross, and are sorted
np.testing.assert_allclose(one.values[0], np.sort(theirs[0].numpy(), axis=1)[:, 4], rtol=1e-4)
"""


@pytest.mark.long
def test_real_models_are_members_by_the_classes_of_the_page(other_python, tmp_path):
    blocks = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    classes, member = blocks[:-1], blocks[-1]
    (tmp_path / "tiny.py").write_text(TINY, encoding="utf-8")
    (tmp_path / "adapters.py").write_text("\n".join([*classes, CHECK]), encoding="utf-8")
    (tmp_path / "member.py").write_text("\n".join([classes[0], member]), encoding="utf-8")
    # Their own packages first, and those of this project from here.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PAGE.parents[2] / "src")]), "HF_HUB_OFFLINE": "1"}
    site = next((ENVIRONMENT / "lib").glob("python3*/site-packages"))
    (site / "others.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    outputs = [
        subprocess.run(
            [str(other_python), file], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        for file in ("tiny.py", "adapters.py", "member.py")
    ]
    assert [done.returncode for done in outputs] == [0, 0, 0], [done.stderr[-2000:] for done in outputs]
    assert outputs[2].stdout.strip() == shown[0].strip()
