"""scikit-learn estimators by skops: data only, and only types that we trust."""

import sys
from typing import Any

from enstorage import plugins
from enstorage.errors import CorruptError, UntrustedError
from enstorage.formats.base import Format
from enstorage.formats.bounds import check_arrays, check_times_read, open_archive, read_json
from enstorage.formats.fitted.check import INSTEAD, SKOPS_TYPES, check_fitted, fault_of_fitted
from enstorage.formats.fitted.neighbours import build_search_trees, without_search_trees
from enstorage.formats.fitted.parameters import bound_jobs, fault_of_parameters

# Beyond what skops itself trusts. Never a list from the file. What is opened is checked by `check_fitted`.
_TRUSTED = (
    "sklearn.tree._tree.Tree",
    # Classes of Python alone, which hold numbers and each other.
    "sklearn.utils._bunch.Bunch",
    *(f"sklearn.neural_network._stochastic_optimizers.{name}" for name in ("AdamOptimizer", "SGDOptimizer")),
    *(
        f"sklearn.gaussian_process.kernels.{name}"
        for name in (
            *("ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "Product"),
            *("RBF", "RationalQuadratic", "Sum", "WhiteKernel"),
        )
    ),
)


class SkopsFormat(Format):
    """A scikit-learn estimator with everything inside it."""

    name = "skops"

    @staticmethod
    def takes(obj: Any) -> bool:
        """True for a scikit-learn estimator."""
        sklearn = sys.modules.get("sklearn.base")
        return sklearn is not None and isinstance(obj, sklearn.BaseEstimator)

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:  # noqa: ARG004 - never needed, so never allowed
        """See `Format.dump`; what could not be opened again is refused now, and the message says what that is.

        Raises:
            UntrustedError: the estimator holds something that could not be opened without running code, or it is not sound.
        """
        io = _skops_io()
        fault, content = fault_of_parameters(obj) or fault_of_fitted(obj), b""
        if fault is None:
            content = io.dumps(without_search_trees(obj))
            fault = _fault_of_types(io, content)
        if fault is not None:
            raise UntrustedError(f"The {type(obj).__name__} cannot be kept as data. {fault}")
        return content

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:  # noqa: ARG004 - never needed, so never allowed
        """See `Format.load`."""
        io = _skops_io()
        try:
            _check_bounds(content)
            if (fault := _fault_of_types(io, content)) is not None:
                raise UntrustedError(f"The estimator cannot be opened as data. {fault} {INSTEAD}")
            obj = io.loads(content, trusted=_trusted())
            bound_jobs(obj)
            check_fitted(obj)
            build_search_trees(obj)
        except UntrustedError:
            raise
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise CorruptError(f"The stored estimator cannot be opened: {reason}") from error
        return obj


def _check_bounds(content: bytes) -> None:
    """Refuse a file that would fill the memory. Raises as the functions of `bounds`."""
    what = "The stored estimator"
    with open_archive(content, what) as archive:
        check_arrays(archive, what)
        check_times_read(read_json(archive.read("schema.json"), what), archive, what)


def _fault_of_types(io: Any, content: bytes) -> str | None:
    strange = sorted(set(io.get_untrusted_types(data=content)) - set(_trusted()))
    if not strange:
        return None
    return f"It holds objects that could run code when opened, or read foreign memory: {', '.join(strange[:5])}."


def _trusted() -> list[str]:
    """The names of our types and of those that installed packages register; imports none of them."""
    return [*_TRUSTED, *(place.replace(":", ".") for place in plugins.places(SKOPS_TYPES))]


def _skops_io() -> Any:
    try:
        import skops.io
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A scikit-learn estimator", extra="train") from error
    return skops.io
