"""`LocalSpec`: specification of a model that forecasts each series from its own history."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from entrainer.local.histories import Floats, Histories
from entrainer.networks.specification import Specification


@dataclass(frozen=True, eq=False)
class LocalForecast:
    """The forecasts of a local model.

    Attributes:
        values: Point forecasts in source units, shape (origins, horizon).
        quantiles: Forecasts of quantiles by level, each of the same shape.
        remarks: For series that were forecast in another way than asked, by their number: what was done and why.
    """

    values: Floats
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    remarks: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LocalSpec(Specification):
    """A recipe for a local model. It sees the cleaned values of a series in source units, whatever the transform is.

    Subclasses are frozen dataclasses, registered as entry points `enstorage.networks` under their `name`. A model of such a
    specification is one model, however many series its data set has, and is kept as this specification: it is fitted again
    whenever it forecasts, so equal histories must give equal forecasts. A class that learns from all series together keeps
    what it learned in fields of its own, see `fitted`.
    """

    @property
    def gives_quantiles(self) -> bool:
        """True if `forecast` gives quantiles; a class without them overrides it, also by a plain attribute."""
        return True

    @property
    def seconds_to_load(self) -> float:
        """Rough processor time until the libraries are loaded that it needs; 0 where they are, or where it needs none."""
        return 0.0

    def check(self) -> None:
        """Check, before anything is trained, that the model can be fitted.

        Raises:
            InvalidInputError: Its parameters cannot be used.
            MissingLibraryError: Its library is not installed.
        """

    def fitted(self, histories: Histories, horizon: int) -> Self:  # noqa: ARG002 - others need them
        """The specification with what is learned from all series together; this one if nothing is, or it was learned.

        Args:
            histories: Values, of which those before `fitted_end` may be learned from; the origins play no part.
            horizon: Number of steps to learn.
        """
        return self

    def fitted_each(self, each: Sequence[Histories], horizon: int) -> list[Self]:  # noqa: ARG002 - others need them
        """The same for several histories, such as those of the origins of a backtest, where this saves time.

        By default this one for each, which is fitted when it forecasts.

        Args:
            each: as of `fitted`.
            horizon: the same.
        """
        return [self] * len(each)

    @abstractmethod
    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:
        """Forecast the steps 1 … horizon after the last known value of each origin.

        Args:
            histories: Values and origins; those after an origin must not be used for its forecast.
            horizon: Number of steps.
            quantiles: Levels of quantiles to forecast too, each above 0 and below 1.

        Returns:
            Finite forecasts for each origin with at least one known value: a series for which the model is not made gets
            those of a simpler one, and a remark. NaN for origins without a known value.
        """
