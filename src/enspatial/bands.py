"""Names of bands, the same for all catalogues; classes of the scene classification; offsets of processing baselines."""

import re
from types import MappingProxyType

from enstorage.errors import InvalidInputError

#: Sentinel-2: the common name of each band, as STAC's extension `eo` has them, by the name in the product.
SENTINEL_2 = MappingProxyType(
    {"B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2"}
    | {"B07": "rededge3", "B08": "nir", "B8A": "nir08", "B09": "nir09", "B10": "cirrus", "B11": "swir16"}
    | {"B12": "swir22", "SCL": "scl", "AOT": "aot", "WVP": "wvp", "NDVI": "ndvi"}
)
#: Scene classification of Sen2Cor: classes whose pixels show the ground: vegetation, not vegetated, water, other.
CLEAR = (4, 5, 6, 7)
#: Its names.
CLASSES = MappingProxyType(
    {0: "no data", 1: "saturated", 2: "dark", 3: "cloud shadow", 4: "vegetation", 5: "not vegetated", 6: "water"}
    | {7: "unclassified", 8: "cloud, medium", 9: "cloud, high", 10: "thin cirrus", 11: "snow"}
)
#: From this processing baseline on, 1000 is added to all reflectances of Sentinel-2 (ESA, from 25 January 2022).
OFFSET_SINCE = 4.0
OFFSET = -1000
#: Reflectance of one count.
SCALE = 0.0001
#: Bands of classes, whose values are never averaged.
CATEGORICAL = frozenset({"scl"})
#: Bands that are no reflectances.
_OTHERS = frozenset({"scl", "aot", "wvp", "ndvi"})


def common_name(name: str) -> str:
    """The common name of a band of any catalogue: `B04`, `B04_10m`, `b4` and `red` are `red`; others in lower case."""
    bare = re.sub(r"[_-]\d+m$", "", name.strip(), flags=re.IGNORECASE)
    short = re.sub(r"^[bB](\d)$", r"B0\1", bare).upper()
    return SENTINEL_2.get(short, bare.lower())


def is_reflectance(band: str) -> bool:
    """True for the spectral bands of Sentinel-2."""
    return band in SENTINEL_2.values() and band not in _OTHERS


def baseline_offset(baseline: str | None) -> int:
    """The offset of the counts of a processing baseline of Sentinel-2, to be added to them.

    Raises:
        InvalidInputError: it is no baseline.
    """
    if baseline is None:
        return 0
    try:
        return OFFSET if float(baseline) >= OFFSET_SINCE else 0
    except ValueError:
        raise InvalidInputError(
            f"The processing baseline {baseline!r:.40} cannot be read; expected a number such as 05.09. Correct the "
            "item."
        ) from None
