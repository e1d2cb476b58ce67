"""Parameters that these routes have in common."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import StringConstraints

RowId = Annotated[int, Path(ge=1, lt=2**63)]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=100)]
#: Not every database takes the character NUL.
Text = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
