"""Curves as JSON: the bytes in which a database keeps them are made anew from it, never taken from a bundle.

What Arrow IPC declares about its sizes is believed by those who read it, and a lie ends the process.
"""

from typing import Any

from enstorage.errors import InvalidInputError


def curves_to_json(data: bytes) -> dict[str, list[Any]]:
    """A stretch of curves as one list for each column."""
    from enstorage.entity.model_curve import ModelCurve

    columns: dict[str, list[Any]] = ModelCurve(data=data).table().to_dict(as_series=False)
    return columns


def curves_from_json(columns: Any) -> bytes:
    """The bytes for the column `data` of a `ModelCurve`.

    Raises:
        InvalidInputError: the lists are not those of a stretch: `step` with integers, and numbers or nothing else.
    """
    import polars as pl

    from enstorage.entity.model_curve import packed

    if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
        raise InvalidInputError("is no table of lists.")
    steps = columns.get("step", [])
    if not steps or {len(values) for values in columns.values()} != {len(steps)}:
        raise InvalidInputError("has lists of different lengths, or none of steps.")
    if not all(type(step) is int and abs(step) < 2**63 for step in steps):
        raise InvalidInputError("has steps that are not integers.")
    if not all(
        value is None or type(value) is float for name, each in columns.items() if name != "step" for value in each
    ):
        raise InvalidInputError("has values that are no numbers.")
    schema = {name: pl.Int64 if name == "step" else pl.Float64 for name in columns}
    data: bytes = packed(pl.DataFrame(columns, schema=schema).to_arrow())["data"]
    return data
