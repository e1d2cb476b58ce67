"""Maps: values of pixels back on their grid, as arrays and as GeoTIFF."""
