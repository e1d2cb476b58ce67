"""`EnsembleItem`: a model, or another ensemble, inside an ensemble."""

import json
from dataclasses import fields, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import ChangingDict, JsonText
from enstorage.entity._record import Record
from enstorage.entity.columns import facts, with_info
from enstorage.entity.ensemble_result import ItemResult
from enstorage.entity.model import Model
from enstorage.errors import InUseError

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble


_SEAL = "rendered_sha256"
#: The properties that rendering writes.
_RENDERED = {_SEAL, *(each.name for each in fields(ItemResult))}


class EnsembleItem(Record):
    """A member with its properties in the ensemble: `properties` is free-form JSON, such as `{"weight": 1.06192747}`.

    Rendering writes those that `ItemResult` names, and `rendered_sha256`, by which a change by hand is noticed.

    The member is a model, or an ensemble of the same project.
    """

    __tablename__ = "ensemble_item"
    __table_args__ = (
        UniqueConstraint("ensemble_id", "model_id"),
        UniqueConstraint("ensemble_id", "member_id"),
        Record.__table_args__,
    )

    ensemble_id: Mapped[int] = mapped_column(ForeignKey("ensemble.id"), info=facts("The ensemble.", part_of=True))
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id"), index=True, info=facts("The member, if it is a model.", made_from=True)
    )
    member_id: Mapped[int | None] = mapped_column(
        ForeignKey("ensemble.id"), index=True, info=facts("The member, if it is an ensemble.", made_from=True)
    )
    position: Mapped[int] = mapped_column(info=facts("Position of the member among the members, from 0."))
    properties: Mapped[dict[str, Any]] = with_info(
        mapped_column(ChangingDict.as_mutable(JsonText()), default=dict),
        facts("Properties of the member in the ensemble, such as its weight.", listed=False, written_later=True),
    )

    @property
    def key(self) -> str:
        """Name of the member in the columns of the ensemble's table: `3` for a model, `ensemble_5` for an ensemble."""
        return item_key(self.model_id, self.member_id)

    @property
    def dropped(self) -> str | None:
        """The reason if the ensemble was rendered without the member, else None."""
        return self.rendered_result().dropped

    def rendered_result(self) -> ItemResult:
        """The result of rendering for the member: its weight, errors, inputs …; all None before."""
        return ItemResult.from_json(self.properties)

    def keep_result(self, result: ItemResult, *, anew: bool = True) -> None:
        """Take the result of rendering into the properties; what people wrote beside it stays.

        Args:
            result: the result.
            anew: it was rendered now; else the seal that was there stays.
        """
        notes = {name: value for name, value in self.properties.items() if name not in _RENDERED}
        seal = _seal(result) if anew else self.properties.get(_SEAL)
        self.properties = notes | result.to_json() | ({} if seal is None else {_SEAL: seal})

    @property
    def changed_by_hand(self) -> bool:
        """True if what rendering wrote into the properties, such as the weight, was changed since."""
        return _SEAL in self.properties and self.properties[_SEAL] != _seal(self.rendered_result())

    def trash(self) -> list[Record]:
        """Not possible: the members with which an ensemble was rendered must stay known.

        Raises:
            InUseError: always. `delete` removes a member from an ensemble that was not rendered.
        """
        raise InUseError(
            f"{self} is a member of {self.ensemble} and cannot go into the trash alone. Make a new ensemble without it, or "
            "put the ensemble into the trash."
        )

    def _check_detachable(self) -> None:
        if self.ensemble.result is not None:
            raise InUseError(f"{self.ensemble} was rendered with {self.member}. Make a new ensemble without it.")

    @property
    def member(self) -> "Model | Ensemble":
        """The member."""
        from enstorage.entity.ensemble import Ensemble

        if self.model_id is not None:
            return Model.get(self.model_id, connector=self.connector)
        assert self.member_id is not None  # noqa: S101 - an item has one of the two
        return Ensemble.get(self.member_id, connector=self.connector)

    @property
    def ensemble(self) -> "Ensemble":
        """The ensemble it is a member of."""
        from enstorage.entity.ensemble import Ensemble

        return Ensemble.get(self.ensemble_id, connector=self.connector)


def _seal(result: ItemResult) -> str:
    """The hash of all that rendering fitted or measured; `diagnose` adds to the result later."""
    fitted = replace(result, leave_one_out=None).to_json()
    return sha256(json.dumps(fitted, sort_keys=True).encode()).hexdigest()


def item_key(model_id: int | None, member_id: int | None) -> str:
    """The key of the member that is this model, or this ensemble; see `EnsembleItem.key`."""
    return f"ensemble_{member_id}" if model_id is None else str(model_id)
