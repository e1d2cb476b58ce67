"""The pipeline that is being written in Python: calls of steps inside its function become steps of it."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

#: Takes the kind and the arguments of a call, and gives what stands for its outputs; None outside of such a function.
BUILDER: ContextVar[Callable[[str, Mapping[str, Any]], Any] | None] = ContextVar("BUILDER", default=None)
