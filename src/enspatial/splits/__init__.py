"""Spatially disjoint parts: blocks of pixels, and image patches that share none between parts."""
