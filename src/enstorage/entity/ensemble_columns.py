"""The columns of an ensemble."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage import plugins
from enstorage.database.types import JsonText, Name, ObjectHash, UtcDateTime
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.errors import InvalidInputError

METHODS = plugins.Kind("enstorage.methods", "method", ("endirector.Method",), is_named=True)
FIT_ON = ("train", "valid", "out_of_fold")
_TOKEN = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def _token(text: str) -> str:
    if _TOKEN.fullmatch(text) is None:
        raise InvalidInputError(f"{text!r:.80} is not a name; expected letters, digits and underscores.")
    return text


def check_fit_on(part: str) -> str:
    """The rows that an ensemble is fitted on, as given.

    Raises:
        InvalidInputError: there are no such rows.
    """
    if part not in FIT_ON:
        raise InvalidInputError(f"fit_on is {part!r}; expected one of {', '.join(FIT_ON)}.")
    return part


class EnsembleColumns(Record):
    """Base of `Ensemble`, with its columns."""

    __abstract__ = True

    name: Mapped[str] = mapped_column(Name, info=facts("Display name; by default the method and metamodel."))
    project_id: Mapped[int] = mapped_column(
        ForeignKey("project.id"),
        index=True,
        info=facts("The project it belongs to.", immutable=True, belongs_to=True),
    )
    method: Mapped[str] = mapped_column(
        String(64),
        info=facts(
            "Method by which members are combined.",
            immutable=True,
            canonical=_token,
            choices=lambda: plugins.names(METHODS),
        ),
    )
    metamodel: Mapped[str | None] = mapped_column(
        String(255),
        info=facts(
            "For methods that have one, the class of a scikit-learn estimator, such as LinearRegression.",
            immutable=True,
            canonical=_token,
        ),
    )
    fit_on: Mapped[str | None] = mapped_column(
        String(16),
        info=facts(
            "The rows that weights or metamodel are fitted on; by default those of the method.",
            immutable=True,
            canonical=check_fit_on,
            choices=lambda: FIT_ON,
        ),
    )
    #: None in a store of an earlier version, in which methods had no parameters.
    parameters: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Parameters of the method; by default its own.", listed=False, immutable=True)
    )
    #: See `tried`; None if it was not selected by a search.
    formed: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Its selection among other candidates.", listed=False, immutable=True)
    )
    object_sha256: Mapped[str | None] = mapped_column(
        ObjectHash,
        index=True,
        info=facts("The bytes of the fitted metamodel, by their hash.", listed=False, written_later=True),
    )
    object_format: Mapped[str | None] = mapped_column(
        String(32), info=facts("The format of these bytes.", listed=False, written_later=True)
    )
    data_csv_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_csv.id"), info=facts("The table that it owns.", listed=False, written_later=True, owns=True)
    )
    result: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText, info=facts("Result of rendering it.", listed=False, written_later=True)
    )
    rendered_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, info=facts("Time of the rendering.", listed=False, written_later=True)
    )
