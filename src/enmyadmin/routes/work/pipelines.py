"""Pipelines: saved in versions, listed, archived, and run."""

from datetime import datetime
from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import SUBMITTED, Key, Priority, demand_steps, submitted
from enorchestrator import (
    PipelineDefinition,
    archive_pipeline,
    find_pipeline,
    list_pipelines,
    pipeline_versions,
    run_pipeline,
    save_pipeline,
)
from enorchestrator.pipeline.check import check_pipeline
from enorchestrator.pipeline.definition import MOST_BYTES
from enorchestrator.pipeline.patterns import all_patterns
from enorchestrator.pipeline.place import place_of
from enstorage.errors import InvalidInputError

router = APIRouter(prefix="/pipelines", tags=["pipelines"])
_Reader = Depends(allowed("read", "pipeline"))
Name = Annotated[str, Path(max_length=255)]


class PipelineAnswer(BaseModel):
    """A version of a pipeline."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    version: int
    description: str
    definition: dict[str, JsonValue]
    created_by: str
    created_at: datetime


class WholePipeline(PipelineAnswer):
    """A version of a pipeline, also as a text, with the numbers of all versions, the latest first."""

    text: Annotated[str, Field(description="The definition in YAML.")]
    versions: list[int]


class CheckProblem(BaseModel):
    """Why a definition would be refused."""

    detail: str
    field: str | None


class PipelineCheck(BaseModel):
    """The check of a definition that is not saved."""

    problem: CheckProblem | None
    line: Annotated[int | None, Field(description="Of a text: the line that the problem is about, from 1.")]
    definition: dict[str, JsonValue] | None


class PipelineList(BaseModel):
    """The latest version of each pipeline, by name."""

    items: list[PipelineAnswer]


class NewPipeline(BaseModel):
    """A pipeline to save."""

    definition: Annotated[
        dict[str, JsonValue] | Annotated[str, Field(max_length=MOST_BYTES)],
        Field(description="As an object, or as a text in YAML."),
    ]


class PatternAnswer(BaseModel):
    """A pipeline that is written already."""

    name: str
    description: str
    text: Annotated[str, Field(description="In YAML, named after the pattern.")]


class PatternList(BaseModel):
    """All patterns."""

    items: list[PatternAnswer]


class PipelineRequest(BaseModel):
    """A run of a pipeline that is asked for."""

    parameters: Annotated[dict[str, Any], Field(description="As the pipeline describes them.")] = {}
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The latest one by default.")] = None
    key: Key = None
    priority: Priority = 0


@router.get("", dependencies=[_Reader])
def list_all_pipelines(store: Store) -> PipelineList:
    """List the latest version of each pipeline that is not archived."""
    return PipelineList(items=[PipelineAnswer.model_validate(each) for each in list_pipelines(connector=store)])


@router.post("", status_code=201)
def create_pipeline(
    request: Request,
    store: Store,
    given: NewPipeline,
    who: Annotated[Principal, Depends(allowed("create", "pipeline"))],
) -> PipelineAnswer:
    """Check a pipeline and save it: as a new one, or as the next version of its name."""
    made = save_pipeline(PipelineDefinition.read(given.definition), created_by=who.name, connector=store)
    note(request, entity_id=made.id, detail={"name": made.name, "version": made.version})
    return PipelineAnswer.model_validate(made)


@router.post("/check", dependencies=[_Reader])
def check_one(given: NewPipeline) -> PipelineCheck:
    """Check a pipeline as saving does, and save nothing; tells the line of a text that the problem is about."""
    try:
        found = PipelineDefinition.read(given.definition)
        check_pipeline(found)
    except InvalidInputError as error:
        text = given.definition if isinstance(given.definition, str) else None
        line = None if text is None else place_of(text, error.field)
        return PipelineCheck(problem=CheckProblem(detail=str(error), field=error.field), line=line, definition=None)
    return PipelineCheck(problem=None, line=None, definition=found.to_json())


@router.get("/patterns", dependencies=[_Reader])
def list_patterns() -> PatternList:
    """List the patterns, to be changed and saved under a name of one's own."""
    items = [
        PatternAnswer(name=each.name, description=each.description, text=each.text(each.name))
        for each in all_patterns().values()
    ]
    return PatternList(items=items)


@router.get("/{name}", dependencies=[_Reader])
def get_pipeline(
    store: Store, name: Name, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> WholePipeline:
    """Give a pipeline: its latest version, or another one."""
    found = find_pipeline(name, version, connector=store)
    text = yaml.safe_dump(found.definition, sort_keys=False, allow_unicode=True)
    versions = pipeline_versions(name, connector=store)
    return WholePipeline(**PipelineAnswer.model_validate(found).model_dump(), text=text, versions=versions)


@router.delete("/{name}", status_code=204, dependencies=[Depends(allowed("trash", "pipeline"))])
def archive(request: Request, store: Store, name: Name) -> Response:
    """Take a pipeline from the lists; its runs keep it, and saving it again brings it back."""
    archive_pipeline(name, connector=store)
    note(request, detail={"name": name})
    return Response(status_code=204)


@router.post("/{name}/runs", **SUBMITTED)
def run_one(
    request: Request,
    store: Store,
    name: Name,
    asked: PipelineRequest,
    who: Annotated[Principal, Depends(allowed("run", "pipeline"))],
) -> Json:
    """Ask for a run of a pipeline; it also takes the permissions that its steps name."""
    found = find_pipeline(name, asked.version, connector=store)
    demand_steps(request, who, (step["kind"] for step in found.definition["steps"].values()))
    run = run_pipeline(
        name,
        asked.parameters,
        version=found.version,
        key=asked.key,
        created_by=who.name,
        priority=asked.priority,
        connector=store,
    )
    return submitted(run, request)
