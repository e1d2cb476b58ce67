"""Small files that would take much memory: refused before their pixels are read."""

import subprocess
import sys

import pytest
import rasterio
from rasterio.transform import from_origin
from small_scenes import index, scene

from enspatial import BandFile, keep_scene
from enspatial.raster.preview import preview
from enspatial.raster.reading import facts_of
from enstorage.errors import InvalidInputError


def sparse(width, height, kind="uint8", block=512, count=1, **options):
    """A GeoTIFF of a few thousand bytes that declares any number of pixels."""
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=width,
            height=height,
            count=count,
            dtype=kind,
            crs="EPSG:32632",
            transform=from_origin(734_880, 4_973_170, 10, 10),
            compress="deflate",
            tiled=True,
            blockxsize=block,
            blockysize=block,
            SPARSE_OK="TRUE",
            **options,
        ):
            pass
        return bytes(memory.read())


BOMBS = {
    "many pixels": {"width": 31_000, "height": 31_000},
    "large values": {"width": 9_000, "height": 9_000, "kind": "float64"},
    "complex values": {"width": 9_000, "height": 9_000, "kind": "complex64"},
    "a long line": {"width": 600_000_000, "height": 1, "block": 4096},
    "a large block": {"width": 64, "height": 64, "block": 1 << 15},
    "bands that are read together": {"width": 512, "height": 512, "block": 4096, "count": 60, "interleave": "pixel"},
}


@pytest.mark.parametrize("about", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("read", [facts_of, lambda content, name: preview([content], name)], ids=["facts", "preview"])
def test_a_small_file_of_many_pixels_is_refused(about, read):
    content = sparse(**about)
    assert len(content) < 10_000_000
    with pytest.raises(
        InvalidInputError, match=r"pixels, of which .* bytes would be read; expected at most 500,000,000"
    ):
        read(content, "red.tif")


def test_the_limit_is_a_setting(monkeypatch):
    content = sparse(1024, 1024)
    assert facts_of(content, "red.tif").shape == (1024, 1024)
    monkeypatch.setenv("ENSTORAGE_MAX_RASTER_BYTES", "1000000")
    with pytest.raises(InvalidInputError, match="ENSTORAGE_MAX_RASTER_BYTES"):
        facts_of(content, "red.tif")


def test_values_that_are_no_real_numbers_are_refused():
    with pytest.raises(InvalidInputError, match="values of the kind complex64; expected real numbers"):
        facts_of(sparse(64, 64, "complex64", block=16), "red.tif")


def test_a_scene_with_such_a_band_is_not_kept(store, census):
    keep_scene(scene())
    before = census(store)
    with pytest.raises(InvalidInputError, match="bytes would be read"):
        keep_scene(scene("two", ndvi=index(), red=BandFile(lambda: sparse(31_000, 31_000), "red.tif")))
    assert census(store) == before


#: The peak of this program alone: `ru_maxrss` counts the process that it was forked from, too.
_AT_THE_LIMIT = """
import re, sys
from pathlib import Path
from enspatial.raster.reading import facts_of
content = sys.stdin.buffer.read()
facts_of(content, "red.tif")
print(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc, which Linux alone has")
def test_a_file_at_the_limit_takes_little_more_than_twice_its_pixels():
    done = subprocess.run(
        [sys.executable, "-c", _AT_THE_LIMIT], input=sparse(11_180, 11_180, "float32"), capture_output=True, check=True
    )
    assert int(done.stdout) * 1024 < 1.3e9
