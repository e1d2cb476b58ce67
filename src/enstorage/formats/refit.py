"""An estimator that no format keeps as data: how it is fitted again, and what it then has to forecast."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from enstorage.errors import CorruptError
from enstorage.formats.base import Format


@dataclass(frozen=True)
class Refit:
    """All that is needed to fit an estimator again on the train rows of its data set.

    Attributes:
        estimator: name of the class.
        parameters: its description, with all seeds.
        data_set: SHA-256 of the data set's samples.
        row_weights: of each train row; None for 1.
        rows: numbers of rows of the data set.
        output: of the estimator for each of these rows, in the prepared scale.
        as_labels: how a classifier was given its targets, see `enstorage.estimators.fitting.fit_samples`; objects of older
            versions do not say, which is false.
    """

    estimator: str
    parameters: Mapping[str, Any]
    data_set: str
    row_weights: list[float] | None
    rows: list[int]
    output: list[Any]
    as_labels: bool = False


class RefitFormat(Format):
    """A `Refit` as JSON. `Model.load_object` gives the estimator, fitted again."""

    name = "refit"

    @staticmethod
    def takes(obj: Any) -> bool:
        """True if it is a `Refit`."""
        return isinstance(obj, Refit)

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:  # noqa: ARG004 - never needed
        """See `Format.dump`."""
        return json.dumps(asdict(obj)).encode()

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:  # noqa: ARG004 - never needed
        """See `Format.load`."""
        try:
            refit = Refit(**json.loads(content))
        except (TypeError, ValueError) as error:
            raise CorruptError(f"The description of the estimator cannot be read: {error}") from error
        kinds: dict[str, Any] = {"estimator": str, "parameters": dict, "data_set": str, "row_weights": list | None}
        kinds |= {"rows": list, "output": list, "as_labels": bool}
        wrong = [name for name, kind in kinds.items() if not isinstance(getattr(refit, name), kind)]
        if wrong:
            raise CorruptError(f"The description of the estimator has no proper {wrong[0]!r}. Train the model again.")
        return refit
