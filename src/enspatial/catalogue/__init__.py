"""STAC catalogues: profiles of the known ones, guarded access, searches that never lose scenes silently."""
