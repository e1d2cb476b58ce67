"""Layouts: which arrays a fitted estimator has, and which of their axes are equally long.

A layout is a text such as `coef_ T,F; intercept_ T|.`: the attribute `coef_` has as many rows as `intercept_` has values,
and as many columns as the estimator has features. A letter stands for one length within an estimator; `F` for the number of
features, `C` for that of classes, `D` for that of decision values (1 for two classes), `P` for that of pairs of classes,
`O` for that of outputs. `.` is a number, `*` any length, `[C]F` a list of `C` arrays of shape (F,), `=K` an integer
that is K. `|` stands between shapes, `/` between whole layouts. After the name, `?` allows that the attribute is missing or
None; after a shape, `~` allows NaN and infinities, `<C` needs integers from 0 below C.
"""

import re
from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

_SHAPE = re.compile(r"(\[(?P<many>[A-Z*])\])?(?P<sizes>[A-Z0-9*,.]+|=[A-Z])(?P<odd>~?)(<(?P<below>[A-Z]))?")
Sizes = dict[str, int]


class _Shape(NamedTuple):
    many: str | None
    sizes: tuple[str, ...]
    may_be_odd: bool
    below: str | None


def known_sizes(attributes: Mapping[str, Any]) -> Sizes:
    """The lengths that an estimator states by its attributes."""
    sizes: Sizes = {}
    for letter, name in (("F", "n_features_in_"), ("O", "n_outputs_")):
        if isinstance(attributes.get(name), int | np.integer):
            sizes[letter] = int(attributes[name])
    classes = attributes.get("classes_")
    if isinstance(classes, np.ndarray) and classes.ndim == 1 and classes.dtype != object:
        count = len(classes)
        sizes |= {"C": count, "D": 1 if count == 2 else count, "P": count * (count - 1) // 2}
    return sizes


def fault_in(attributes: Mapping[str, Any], layouts: str) -> str | None:
    """The attribute of a fitted estimator for which it agrees with none of the layouts; None if it agrees with one."""
    sizes, classes = known_sizes(attributes), attributes.get("classes_")
    if isinstance(classes, np.ndarray):
        counted = attributes.get("n_classes_", len(np.unique(classes)))
        if classes.ndim != 1 or len(np.unique(classes)) != len(classes) or counted != len(classes):
            return f"its attribute classes_ holds {_shown(classes)}; expected {counted} different classes"
    most, first = -1, ""
    for layout in _read(layouts):
        for shapes in product(*(shapes for _, _, shapes in layout)):
            count = _agreeing(attributes, layout, shapes, dict(sizes))
            if count == len(layout):
                return None
            if count > most:
                most, first = count, layout[count][0]
    return _described(first, attributes.get(first))


def _agreeing(attributes: Mapping[str, Any], layout: Any, shapes: Any, sizes: Sizes) -> int:
    """The number of attributes that agree with a layout before one that does not."""
    for count, ((name, is_optional, _), shape) in enumerate(zip(layout, shapes, strict=True)):
        if not _fits(attributes.get(name), shape, sizes, is_optional):
            return count
    return len(layout)


def _described(name: str, value: Any) -> str:
    """The value of an attribute that agrees with no layout, in words."""
    arrays = value if isinstance(value, list) else [value]
    odd = [each for array in arrays for each in _not_finite(array)]
    if odd:
        return f"its attribute {name} holds {odd[0]} ({_shown(value)}); expected finite numbers"
    held = "is missing" if value is None else f"holds {_shown(value)}"
    return f"its attribute {name} {held}, which does not agree with its other attributes"


def _not_finite(value: Any) -> list[Any]:
    numbers = np.asarray(getattr(value, "data", value) if hasattr(value, "tocsr") else value)
    return numbers[~np.isfinite(numbers)].tolist() if numbers.dtype.kind == "f" else []


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    shape = getattr(value, "shape", ())
    return f"an array of {value.dtype}, shape {shape}" if shape else f"{value!r:.60}"


def _fits(value: Any, shape: _Shape, sizes: Sizes, is_optional: bool) -> bool:
    if value is None:
        return is_optional
    if shape.many is not None:
        return (
            isinstance(value, list)
            and _is(shape.many, len(value), sizes)
            and all(_fits(each, shape._replace(many=None), sizes, False) for each in value)
        )
    if shape.sizes[0].startswith("="):
        return isinstance(value, int | np.integer) and _is(shape.sizes[0][1], int(value), sizes)
    given = () if isinstance(value, int | float | np.generic) else getattr(value, "shape", None)
    wanted = () if shape.sizes == (".",) else shape.sizes
    if given is None or len(given) != len(wanted):
        return False
    if not all(_is(name, size, sizes) for name, size in zip(wanted, given, strict=True)):
        return False
    return _has_numbers(value, shape, sizes)


def _is(name: str, size: int, sizes: Sizes) -> bool:
    return name == "*" or (int(name) if name.isdigit() else sizes.setdefault(name, size)) == size


def _has_numbers(value: Any, shape: _Shape, sizes: Sizes) -> bool:
    numbers = np.asarray(getattr(value, "data", value) if hasattr(value, "tocsr") else value)
    if shape.may_be_odd:
        return numbers.dtype.kind in "fiubUSO"
    if numbers.dtype.kind not in "fiub" or not np.isfinite(numbers).all():
        return False
    if shape.below is None:
        return True
    most = sizes.get(shape.below, 0)
    return numbers.dtype.kind in "iub" and bool(((numbers >= 0) & (numbers < most)).all())


@cache
def _read(layouts: str) -> tuple[tuple[tuple[str, bool, tuple[_Shape, ...]], ...], ...]:
    return tuple(
        tuple(_read_attribute(each) for each in layout.split(";") if each.strip()) for layout in layouts.split("/")
    )


def _read_attribute(text: str) -> tuple[str, bool, tuple[_Shape, ...]]:
    name, shapes = text.split()
    return name.removesuffix("?"), name.endswith("?"), tuple(map(_read_shape, shapes.split("|")))


def _read_shape(text: str) -> _Shape:
    found = _SHAPE.fullmatch(text)
    assert found is not None, text  # noqa: S101 - the layouts are ours
    return _Shape(found["many"], tuple(found["sizes"].split(",")), bool(found["odd"]), found["below"])
