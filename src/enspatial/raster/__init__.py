"""Rasters as bytes: checked, made Cloud-Optimized GeoTIFF, shown as a small picture."""
