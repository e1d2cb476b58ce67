"""What a method is: how a new one is written.

A method is one file with one class, and one line under `[project.entry-points."enstorage.methods"]`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Combination:
    """A fitted way to combine members.

    Attributes:
        predict: from forecasts (rows, members) to the combined forecast (rows,).
        weights: one for each member, shape (members,); None where members are not combined by weights.
        intercept: what is added to the weighted sum; None where nothing is.
    """

    predict: Callable[[Floats], Floats]
    weights: Floats | None = None
    intercept: float | None = None


class Method(ABC):
    """A way to combine the forecasts of members. Subclasses have no state."""

    #: The registered name.
    name: ClassVar[str]
    #: Whether it fits a metamodel.
    has_metamodel: ClassVar[bool] = False
    #: Whether anything is fitted to the truth; what is not can be neither honest nor dishonest.
    fits: ClassVar[bool] = True

    @classmethod
    def check(cls, metamodel: str | None) -> None:
        """Refuse a metamodel that the method cannot use.

        Raises:
            InvalidInputError: none is given where one is needed, one is given where none is used, or it is not known.
        """
        if not cls.has_metamodel:
            if metamodel is not None:
                raise InvalidInputError(
                    f"The method {cls.name!r} has no metamodel; received {metamodel!r}. Leave it out."
                )
            return
        from endirector.metamodel import check_metamodel

        check_metamodel(metamodel)

    @abstractmethod
    def fit(self, forecasts: Floats, truth: Floats, metamodel: Any) -> Combination:
        """Fit on the rows given, and on nothing else.

        Args:
            forecasts: of the members, in the units of the source, shape (rows, members).
            truth: true values, shape (rows,).
            metamodel: fresh estimator, fitted in place; None for a method that has none.
        """
