"""Uploaded files, kept as objects until work takes them; and the description of a table before anything is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from endirector.forecaster.understanding.understanding import Understanding
from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.data.points import FILE_BODY
from enmyadmin.routes.data.received import naming_no_folder, received
from enmyadmin.routes.dependencies import Settings, Store
from enorchestrator.work.stored_file import plain_name
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.writing import temporary_folder

router = APIRouter(tags=["uploads"])

#: Words of `enstorage.sources.TableOptions` and `endirector.understand` that a correction may have.
_CORRECTIONS = (
    *(
        "series",
        "time",
        "value",
        "time_interval",
        "season",
        "name",
        "unit",
        "aggregate",
        "anchor",
        "separator",
        "decimal",
    ),
    *("thousands", "encoding", "date_order", "date_format", "time_unit", "time_zone", "leave_out", "missing", "sheet"),
    *("snap", "duplicates", "skip_bad_rows", "known", "past", "static", "hierarchy"),
)


class KeptUpload(BaseModel):
    """A file that was uploaded; work takes it by its id. A file that nothing refers to is freed a day later."""

    id: str = Field(description="SHA-256 of its bytes.")
    name: str
    bytes: int


class UnderstandRequest(BaseModel):
    """A table that was uploaded, and what is known about it better than it was found."""

    upload: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Id of the upload.")]
    file_name: str = Field("table.csv", description="Its name, whose ending says its form.")
    corrections: dict[str, Any] = Field({}, description='Such as `{"value": "units"}`; `told` of an understanding.')


@router.post(
    "/uploads",
    status_code=201,
    response_model=KeptUpload,
    dependencies=[Depends(allowed("upload"))],
    openapi_extra=FILE_BODY,
)
async def upload_file(request: Request, store: Store, settings: Settings) -> Json:
    """Keep a file for work that is asked for later."""
    async with received(request, settings.max_upload_bytes) as file:
        sha256 = await run_in_threadpool(lambda: store.objects.put(file.path.read_bytes()))
        note(request, detail={"name": file.name[:200], "bytes": file.bytes, "sha256": sha256})
        return Json({"id": sha256, "name": file.name, "bytes": file.bytes}, 201)


@router.post("/forecast-data/understand", response_model=Understanding, dependencies=[Depends(allowed("run", "store"))])
def understand_upload(store: Store, asked: Annotated[UnderstandRequest, Body()]) -> Json:
    """Describe an uploaded table as autoforecast would read it: columns, series, interval, season, gaps."""
    import endirector

    if unknown := sorted(asked.corrections.keys() - set(_CORRECTIONS)):
        raise InvalidInputError(
            f"There is no correction {unknown[0]!r:.60}; known are {', '.join(_CORRECTIONS)}.", field=unknown[0]
        )
    if not store.objects.has(asked.upload):
        raise NotFoundError(f"There is no upload {asked.upload[:12]}…. Upload the file again.", field="upload")
    with temporary_folder(prefix="enstorage-upload-") as folder, naming_no_folder(folder):
        path = folder / plain_name(asked.file_name)
        path.write_bytes(store.objects.get(asked.upload))
        try:
            return Json(endirector.understand(path, **asked.corrections).to_json())
        except TypeError as error:
            raise InvalidInputError(f"A correction is of the wrong type: {error}.", field="corrections") from error
