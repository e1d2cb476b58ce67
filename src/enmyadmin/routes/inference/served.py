"""Served models and ensembles, by their ids, with their inputs and outputs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Ensemble, Model
from enstorage.connector import Connector
from enstorage.entity._trash import check_live
from enstorage.errors import InvalidInputError, NotFoundError

_NAME = re.compile(r"(model|ensemble)-([1-9][0-9]{0,17})")
_LONGEST_HORIZON = 10_000


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model or an ensemble.

    Attributes:
        name: `model-3` or `ensemble-1`.
        record: the record.
    """

    name: str
    record: Model | Ensemble

    @classmethod
    def find(cls, name: str, version: str | None, connector: Connector) -> "ServedModel":
        """The one with a name, and with a version if one is given.

        Raises:
            NotFoundError: there is none, or it has another version.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise NotFoundError(f"{name!r:.60} is the name of no served model; expected such as model-3 or ensemble-1.")
        kind: type[Model] | type[Ensemble] = Model if match[1] == "model" else Ensemble
        found = cls(name, kind.get(int(match[2]), connector=connector))
        if version is not None and version != found.version:
            raise NotFoundError(f"{name} has the version {found.version or 'none'!r}; received {version!r:.40}.")
        return found

    @property
    def version(self) -> str:
        """A name for what it computes: of a model the hash of its object, of an ensemble the time of its rendering."""
        if isinstance(self.record, Model):
            return (self.record.object_sha256 or "")[:12]
        return "" if self.record.rendered_at is None else f"{self.record.rendered_at:%Y%m%d%H%M%S}"

    @property
    def is_ready(self) -> bool:
        """True if it can forecast."""
        return bool(self.version) and self.record.deleted_at is None

    def objects(self) -> set[str]:
        """The hashes of the objects that it computes with: its own, or those of the members and their members."""
        if isinstance(self.record, Model):
            return {self.record.object_sha256 or ""}
        models, pending = set(), [self.record]
        while pending:
            for item in pending.pop().items():
                member = item.member
                if isinstance(member, Model):
                    models.add(member.object_sha256 or "")
                else:
                    pending.append(member)
        return models

    def describe(self) -> dict[str, Any]:
        """Its inputs and outputs, as the protocol has them."""
        given = [
            {"name": "history", "datatype": "FP64", "shape": [-1]},
            {"name": "horizon", "datatype": "INT64", "shape": [1]},
        ]
        made = [{"name": "forecast", "datatype": "FP64", "shape": [-1]}]
        if isinstance(self.record, Model):
            given.append({"name": "X", "datatype": "FP64", "shape": [-1, -1]})
            made.append({"name": "y", "datatype": "FP64", "shape": [-1, -1]})
        return {
            "name": self.name,
            "versions": [self.version] if self.version else [],
            "platform": f"enstorage_{self.record.__tablename__}",
            "inputs": given,
            "outputs": made,
        }

    def check_ready(self) -> None:
        """Refuse what cannot forecast.

        Raises:
            InvalidInputError: it is in the trash.
            NotFoundError: it has nothing to forecast with.
        """
        check_live([self.record])
        if not self.version:
            raise NotFoundError(f"{self.record} has nothing to forecast with. Train or render it first.")

    def infer(self, tensors: Mapping[str, NDArray[Any]], parameters: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """The outputs for some inputs.

        Args:
            tensors: `history` and `horizon`; or, for a model, prepared samples `X`.
            parameters: `level` of a prediction interval, such as 0.9.

        Raises:
            InvalidInputError: the inputs are others, or cannot be forecast from.
        """
        if tensors.keys() == {"X"} and isinstance(self.record, Model):
            return {"y": _output(self.record, tensors["X"])}
        if tensors.keys() != {"history", "horizon"}:
            own = " or X" if isinstance(self.record, Model) else ""
            raise InvalidInputError(
                f"The inputs are {', '.join(map(repr, sorted(tensors))) or 'none':.100}; expected history and "
                f"horizon{own}.",
                field="inputs",
            )
        return self._ahead(tensors["history"], _horizon(tensors["horizon"]), parameters.get("level"))

    def _ahead(self, history: NDArray[Any], horizon: int, level: object) -> dict[str, NDArray[Any]]:
        from entrainer.forecasting.asked.values import from_values

        if level is not None and (isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1):
            raise InvalidInputError(f"level is {level!r:.40}; expected a number between 0 and 1.", field="level")
        levels = () if level is None else (float(level),)
        values = history.reshape(-1) if history.ndim == 2 and 1 in history.shape else history
        if isinstance(self.record, Model):
            import entrainer

            table = entrainer.forecast(self.record, horizon, levels=levels, **from_values(self.record, values))
        else:
            import endirector

            first = self.record.models()[0]
            given = from_values(first, values)
            table = endirector.forecast(self.record, horizon, levels=levels, progress=False, **given)
        own = {
            quantile: rows["value"].to_numpy() for (quantile,), rows in table.group_by("quantile", maintain_order=True)
        }
        found = {"forecast": own[None]}
        if levels:
            ends = sorted(each for each in own if each is not None)
            found |= {"lower": own[ends[0]], "upper": own[ends[-1]]}
        return found


def _output(model: Model, X: NDArray[Any]) -> NDArray[np.float64]:
    """The output for prepared samples, in the prepared scale."""
    from entrainer.model_output import output_of

    if X.ndim < 2 or not X.size:
        raise InvalidInputError(f"X has the shape {X.shape}; expected (samples, …), at least one.", field="X")
    targets = None
    if model.data_set_id is not None:
        shape = model.data_set().targets(np.array([0]))[1].shape
        targets = int(np.prod(shape[1:]))
    return output_of(model.load_object(), X, targets)


def _horizon(given: NDArray[Any]) -> int:
    if given.size != 1 or given.dtype.kind != "i" or not 1 <= int(given.ravel()[0]) <= _LONGEST_HORIZON:
        raise InvalidInputError(
            f"horizon is one integer from 1 to {_LONGEST_HORIZON}; received {given.ravel()[:3].tolist()} of {given.dtype}.",
            field="horizon",
        )
    return int(given.ravel()[0])
