"""Expressions of bands, such as `(nir - red) / (nir + red)`: read as a tree of known parts, never run as code."""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from enstorage.errors import InvalidInputError

#: Indices by name. Sources: Rouse 1974 (NDVI), McFeeters 1996 (NDWI), Huete 2002 (EVI), Gao 1996 (NDMI).
INDICES = MappingProxyType(
    {
        "ndvi": "(nir - red) / (nir + red)",
        "ndwi": "(green - nir) / (green + nir)",
        "ndmi": "(nir - swir16) / (nir + swir16)",
        "evi": "2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1)",
        "evi2": "2.5 * (nir - red) / (nir + 2.4 * red + 1)",
    }
)
_LONGEST = 300
_DEEPEST = 30
_LARGEST_EXPONENT = 8
_OPERATORS: Mapping[type, Callable[..., Any]] = MappingProxyType(
    {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.Pow: operator.pow,
        ast.USub: operator.neg,
        ast.UAdd: operator.pos,
    }
)
_FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"sqrt": np.sqrt, "log": np.log, "exp": np.exp, "abs": np.abs, "min": np.minimum, "max": np.maximum}
)
_ARGUMENTS = {"min": 2, "max": 2}


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula of bands; parsing it checks all of it.

    It may have numbers, names of bands, `+ - * / **`, brackets, and `sqrt log exp abs min max`.

    Attributes:
        text: the formula, or the name of an index of `INDICES`.

    Raises:
        InvalidInputError: it has another part, is too long, or has no band.
    """

    text: str

    def __post_init__(self) -> None:
        if not self.bands:
            raise InvalidInputError(
                f"The expression {self.text!r:.80} has no band; expected names such as nir and red. Add one.",
                field="expression",
            )

    @classmethod
    def read(cls, value: "Expression | str") -> Self:
        """The expression itself, or that of a text."""
        return cls(value.text if isinstance(value, Expression) else value)

    @property
    def formula(self) -> str:
        """The text with the name of an index replaced by its formula."""
        return INDICES.get(self.text.strip().lower(), self.text)

    @property
    def bands(self) -> tuple[str, ...]:
        """The names of its bands, each once, in their order."""
        names: dict[str, None] = {}
        _walk(_tree(self), names, 0)
        return tuple(names)

    def __call__(self, bands: Mapping[str, Any]) -> Any:
        """The value for arrays by the names of bands; NaN and infinity are NaN.

        Raises:
            InvalidInputError: a band is missing.
        """
        missing = [name for name in self.bands if name not in bands]
        if missing:
            raise InvalidInputError(
                f"The expression {self.text!r:.80} needs the band {', '.join(missing)}; there are "
                f"{', '.join(bands) or 'none'}. "
                "Load scenes with it.",
                field="expression",
            )
        with np.errstate(all="ignore"):
            return _value(_tree(self), bands)


def _tree(expression: Expression) -> ast.expr:
    text = expression.formula
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise InvalidInputError(
            f"The expression has {len(text)} characters; expected at most {_LONGEST}. Shorten it.", field="expression"
        )
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _refused(expression.text, str(error).partition("(")[0].strip()) from error


def _refused(text: str, fact: str) -> InvalidInputError:
    return InvalidInputError(
        f"The expression {text!r:.80} cannot be used: {fact}. Expected bands, numbers, + - * / ** and "
        f"{', '.join(_FUNCTIONS)}, or one of {', '.join(INDICES)}. Correct it.",
        field="expression",
    )


def _walk(node: ast.expr, names: dict[str, None], depth: int) -> None:
    """Check each part, and note the bands."""
    if depth > _DEEPEST:
        raise _refused(ast.unparse(node), "it is nested too deep")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.Name(id=name):
            names[name] = None
        case ast.UnaryOp(op=kind, operand=operand) if type(kind) in _OPERATORS:
            _walk(operand, names, depth + 1)
        case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int() | float() as power)) if (
            0 <= power <= _LARGEST_EXPONENT
        ):
            _walk(left, names, depth + 1)
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS and not isinstance(kind, ast.Pow):
            _walk(left, names, depth + 1)
            _walk(right, names, depth + 1)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS and len(
            arguments
        ) == _ARGUMENTS.get(name, 1):
            for each in arguments:
                _walk(each, names, depth + 1)
        case _:
            raise _refused(ast.unparse(node), f"{ast.unparse(node)[:40]!r} is none of its parts")


def _value(node: ast.expr, bands: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type] # a number, as `_walk` checked
        case ast.Name(id=name):
            return bands[name]
        case ast.UnaryOp(op=kind, operand=operand):
            return _OPERATORS[type(kind)](_value(operand, bands))
        case ast.BinOp(left=left, op=kind, right=right):
            return _OPERATORS[type(kind)](_value(left, bands), _value(right, bands))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(each, bands) for each in arguments))
    raise AssertionError(node)
