"""Expressions of bands: read as a tree, never run."""

import numpy as np
import pytest

from enspatial import Expression
from enspatial.cubes.expression import INDICES
from enstorage.errors import InvalidInputError

BANDS = {
    "nir": np.array([0.5, 0.0]),
    "red": np.array([0.1, 0.0]),
    "blue": np.array([0.05, 0.1]),
    "green": np.array([0.2, 0.1]),
}


def test_indices_have_the_values_of_their_formulas():
    nir, red, blue, green = (BANDS[name][0] for name in ("nir", "red", "blue", "green"))
    expected = {
        "ndvi": (nir - red) / (nir + red),
        "ndwi": (green - nir) / (green + nir),
        "evi": 2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1),
    }
    assert {name: Expression(name)(BANDS)[0] for name in expected} == pytest.approx(expected)
    assert set(expected) < set(INDICES)
    assert not np.isfinite(Expression("ndvi")(BANDS)[1])  # 0 / 0


def test_any_formula_of_bands_is_evaluated():
    assert Expression("max(nir, red) ** 2 + -sqrt(abs(blue - 0.05)) * 1e1")(BANDS)[0] == pytest.approx(0.25)
    assert Expression("(nir - red) / (nir + red)").bands == ("nir", "red")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "nir.__class__",
        "nir[0]",
        "(lambda: nir)()",
        "[nir for nir in red]",
        "nir if red else blue",
        "nir and red",
        "nir < red",
        "'nir'",
        "f'{nir}'",
        "open(nir)",
        "sqrt(nir, red)",
        "max(nir)",
        "sqrt(x=nir)",
        "nir ** red",
        "nir ** 99999",
        "2 ** nir",
        "True * nir",
        "nir; red",
        "nir :=",
        "",
        "1 + 1",
        "(" * 90 + "nir" + ")" * 90 + "+" * 90 + "-" * 90 + "red",
        "-" * 200 + "nir",
        "nir + " * 100 + "red",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"cannot be used|has no band|expected at most 300"):
        Expression(text)


def test_a_missing_band_is_named():
    with pytest.raises(InvalidInputError, match="needs the band swir16; there are nir, red, blue, green"):
        Expression("ndmi")(BANDS)
