"""Cloud-Optimized GeoTIFF: tiled, compressed without loss, with smaller copies inside."""

from types import MappingProxyType

from enspatial.raster.reading import RasterFacts, opened
from enstorage.errors import InvalidInputError

#: Of all files that are written.
PROFILE = MappingProxyType(
    {
        "driver": "GTiff",
        "interleave": "band",
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "DEFLATE",
    }
)


def to_cog(content: bytes, name: str, facts: RasterFacts, *, band: int = 1) -> bytes:
    """One band of a file as a Cloud-Optimized GeoTIFF; equal pixels give equal bytes.

    Raises:
        InvalidInputError: the file is damaged.
    """
    import rasterio
    from rio_cogeo.cogeo import cog_translate

    with opened(content, name) as source, rasterio.MemoryFile() as made:
        cog_translate(
            source,
            made.name,
            dict(PROFILE),
            indexes=[band],
            nodata=facts.nodata,
            in_memory=True,
            quiet=True,
            forward_band_tags=False,
            use_cog_driver=False,
            overview_resampling="nearest",
        )
        written = bytes(made.read())
    if not written:
        raise InvalidInputError(
            f"{name} could not be converted to a Cloud-Optimized GeoTIFF. Load it again.", field="file"
        )
    return written


def is_cog(content: bytes) -> bool:
    """True for a valid Cloud-Optimized GeoTIFF."""
    import rasterio
    from rio_cogeo.cogeo import cog_validate

    with rasterio.MemoryFile(content) as memory:
        valid, _, _ = cog_validate(memory.name, quiet=True)
    return bool(valid)
