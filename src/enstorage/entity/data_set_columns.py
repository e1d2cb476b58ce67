"""`DataSetColumns`: the columns of a data set."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonText, JsonValue, Name
from enstorage.entity.columns import facts
from enstorage.entity.data_csv import TableOwner
from enstorage.objects.base import checked_hash


class DataSetColumns(TableOwner):
    """The columns of `DataSet`, which is the entity."""

    __abstract__ = True

    __tablename__ = "data_set"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    data_preparation_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_preparation.id"),
        index=True,
        info=facts(
            "The preparation it was made from; if there are several, that of the targets, or the first.",
            immutable=True,
            made_from=True,
        ),
    )
    #: For a set from arrays also the shapes of the stored X and y.
    adapter: Mapped[dict[str, Any]] = mapped_column(
        JsonValue,
        info=facts("The recipe of its samples: an adapter with its parameters.", listed=False, immutable=True),
    )
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of samples.", immutable=True))
    lost: Mapped[dict[str, int]] = mapped_column(
        JsonValue, info=facts("Number of samples that were not built, by reason.", listed=False, immutable=True)
    )
    sha256: Mapped[str] = mapped_column(
        String(64),
        info=facts(
            "Hash over id, X, y, part and series of all samples.", listed=False, immutable=True, canonical=checked_hash
        ),
    )
    check_result: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Report of the last check of its values; none if there was none.", listed=False)
    )
