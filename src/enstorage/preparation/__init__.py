"""Preparation of a series: parts, missing values and invertible transforms, in NumPy alone."""

from enstorage.preparation.clean import CleanMethod, parse_clean
from enstorage.preparation.split import PARTS, Part, check_part, check_parts, split_rows
from enstorage.preparation.transform import FittedTransform, Transform

__all__ = [
    "PARTS",
    "CleanMethod",
    "FittedTransform",
    "Part",
    "Transform",
    "check_part",
    "check_parts",
    "parse_clean",
    "split_rows",
]
