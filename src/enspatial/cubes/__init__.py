"""Cubes: scenes on one grid of time, y and x, masked, as indices and composites; read piece by piece by Dask."""
