"""Series of pixels and polygons: as tables, and as panels of data sources, with the way back to the grid."""
