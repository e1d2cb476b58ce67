"""The example of land cover gives a confusion matrix of test blocks, and a map of them."""

import pytest
import rasterio

from enstorage import DataSet
from land_cover import land_cover

pytestmark = pytest.mark.long


def test_classes_of_a_real_tile_are_learned_on_blocks_and_tested_on_others(store, test_data, tmp_path):
    names, matrix = land_cover(test_data / "s2" / "rio_tiler_pds_S2A_29RKH_20200219", tmp_path / "map.png", epochs=3)
    assert {"not vegetated", "cloud, medium", "thin cirrus"} == set(names)
    assert matrix.shape == (3, 3)
    assert matrix.sum() > 3000
    assert matrix.trace() > 0.5 * matrix.sum()  # a third by chance
    assert DataSet.get(1).tags["spatial"]["leaks"] == 0
    with rasterio.open(tmp_path / "map.png") as file:
        assert file.shape == (1098, 1098)
