"""The model registry: names, versions, aliases, gates, promotion, rollback."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import SUBMITTED, submitted
from enorchestrator import (
    Gates,
    alias_history,
    aliases_of,
    change_registered,
    create_registered,
    delete_registered,
    find_registered,
    find_version,
    list_evaluations,
    list_registered,
    list_versions,
    load_version,
    name_version,
    promote,
    reject_version,
    rollback,
    submit,
)
from enstorage.errors import CorruptError
from enstorage.ledger import AliasChange, ModelVersion, RegisteredModel, VersionEvaluation

router = APIRouter(prefix="/registry", tags=["registry"])
Name = Annotated[str, Path(max_length=255)]
Version = Annotated[str, Path(max_length=255, description="Number of the version, or an alias.")]
_Reader = Depends(allowed("read", "registered_model"))
_Releaser = Annotated[Principal, Depends(allowed("release", "registered_model"))]


class RegisteredAnswer(BaseModel):
    """A registered model."""

    id: int
    name: str
    description: str
    gates: Gates
    aliases: Annotated[dict[str, int], Field(description="The number of the version that each alias stands for.")]
    versions: Annotated[int, Field(description="The number of the latest version; 0 for none.")]
    created_by: str
    created_at: datetime
    updated_at: datetime


class RegisteredList(BaseModel):
    """All registered models, by name."""

    items: list[RegisteredAnswer]


class EvaluationAnswer(BaseModel):
    """An evaluation of a version."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    version: int
    against: Annotated[int | None, Field(description="The version in production that it was compared with.")]
    state: Literal["passed", "failed", "error"]
    gates: Gates
    report: dict[str, JsonValue] | None
    error: dict[str, JsonValue] | None
    created_by: str
    created_at: datetime


class VersionAnswer(BaseModel):
    """A version, with what it was made from and its latest evaluation."""

    id: int
    name: str
    version: int
    aliases: list[str]
    entity: Literal["ensemble", "model"]
    entity_id: int
    fingerprint: str
    parameters: dict[str, JsonValue]
    inputs: list[dict[str, JsonValue]]
    metrics: dict[str, dict[str, float | None]]
    state: Literal["registered", "rejected"]
    description: str
    created_by: str
    created_at: datetime
    evaluation: EvaluationAnswer | None


class AliasChangeAnswer(BaseModel):
    """A change of an alias."""

    id: int
    alias: str
    before: Annotated[int | None, Field(description="Number of the version that it stood for.")]
    after: Annotated[int | None, Field(description="Number of the version that it stands for since.")]
    reason: str
    remark: str
    changed_by: str
    created_at: datetime


class RegisteredDetails(RegisteredAnswer):
    """A registered model with its versions, the latest first, and every change of its aliases, the newest first."""

    items: list[VersionAnswer]
    history: list[AliasChangeAnswer]


class EvaluationList(BaseModel):
    """Evaluations, the newest first."""

    items: list[EvaluationAnswer]


class NewRegistered(BaseModel):
    """A registered model to make."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    description: Annotated[str, Field(max_length=10_000)] = ""
    gates: Gates = Gates()


class RegisteredChange(BaseModel):
    """Changes of a registered model; what is left out stays."""

    description: Annotated[str | None, Field(max_length=10_000)] = None
    gates: Gates | None = None


class NewVersion(BaseModel):
    """An ensemble or a model to register."""

    ensemble: Annotated[int | None, Field(ge=1, description="Id of the ensemble; or a model is given.")] = None
    model: Annotated[int | None, Field(ge=1, description="Id of the model; or an ensemble is given.")] = None
    description: Annotated[str, Field(max_length=10_000)] = ""


class VersionChange(BaseModel):
    """A change of a version."""

    rejected: Annotated[bool, Field(description="True to keep it for comparison alone.")]


class ReleaseRequest(BaseModel):
    """Why a version is promoted or rolled back."""

    remark: Annotated[str, Field(max_length=10_000)] = ""


class AliasRequest(BaseModel):
    """The version that an alias stands for."""

    version: Annotated[int, Field(ge=1)]


class WholeAnswer(BaseModel):
    """The comparison of a version with what was registered."""

    is_whole: bool
    message: str


@router.get("", dependencies=[_Reader])
def list_all_registered(store: Store) -> RegisteredList:
    """List the registered models with the versions that their aliases stand for."""
    return RegisteredList(
        items=[RegisteredAnswer(**_registered(each, store)) for each in list_registered(connector=store)]
    )


@router.post("", status_code=201)
def create_registered_model(
    request: Request,
    store: Store,
    given: NewRegistered,
    who: Annotated[Principal, Depends(allowed("create", "registered_model"))],
) -> RegisteredAnswer:
    """Make a name for versions, with the gates that they have to pass."""
    made = create_registered(
        given.name, description=given.description, gates=given.gates, created_by=who.name, connector=store
    )
    note(request, entity_id=made.id, detail={"name": made.name})
    return RegisteredAnswer(**_registered(made, store))


@router.get("/{name}", dependencies=[_Reader])
def read_registered_model(store: Store, name: Name) -> RegisteredDetails:
    """Tell a registered model with its versions and the history of its aliases."""
    found, versions = find_registered(name, connector=store), list_versions(name, connector=store)
    numbers = {each.id: each.version for each in versions}
    history = [_change(each, numbers) for each in alias_history(name, connector=store)]
    return RegisteredDetails(**_registered(found, store), items=_versions(name, versions, store), history=history)


@router.patch("/{name}")
def change_registered_model(
    request: Request, store: Store, name: Name, given: RegisteredChange, _who: _Releaser
) -> RegisteredAnswer:
    """Change the description or the gates; evaluations by other gates no longer count."""
    changed = change_registered(name, description=given.description, gates=given.gates, connector=store)
    note(request, entity_id=changed.id, detail={"name": name, "changed": sorted(given.model_fields_set)})
    return RegisteredAnswer(**_registered(changed, store))


@router.delete("/{name}", status_code=204)
def delete_registered_model(request: Request, store: Store, name: Name, _who: _Releaser) -> Response:
    """Delete a name with its versions, evaluations and observations; the ensembles and models stay."""
    delete_registered(name, connector=store)
    note(request, detail={"name": name})
    return Response(status_code=204)


@router.post("/{name}/versions", **SUBMITTED)
def register_version(
    request: Request,
    store: Store,
    name: Name,
    given: NewVersion,
    who: Annotated[Principal, Depends(allowed("create", "registered_model"))],
) -> Json:
    """Register an ensemble or a model as the next version, and evaluate it: a run of the kind `register`."""
    arguments = {"name": name, **given.model_dump(exclude_none=True)}
    return submitted(submit("register", arguments, connector=store, created_by=who.name), request)


@router.get("/{name}/versions/{version}", dependencies=[_Reader])
def read_version(store: Store, name: Name, version: Version) -> VersionAnswer:
    """Tell a version with its parameters, inputs, errors and latest evaluation."""
    return _versions(name, [find_version(name, version, connector=store)], store)[0]


@router.patch("/{name}/versions/{version}")
def change_version(
    request: Request, store: Store, name: Name, version: Version, given: VersionChange, _who: _Releaser
) -> VersionAnswer:
    """Reject a version, which is kept for comparison then; or take that back."""
    changed = reject_version(name, version, rejected=given.rejected, connector=store)
    note(request, entity_id=changed.id, detail={"name": name, "version": changed.version, "rejected": given.rejected})
    return _versions(name, [changed], store)[0]


@router.get("/{name}/versions/{version}/evaluations", dependencies=[_Reader])
def list_evaluations_of_version(store: Store, name: Name, version: Version) -> EvaluationList:
    """List the evaluations of a version, the newest first."""
    numbers = {each.id: each.version for each in list_versions(name, connector=store)}
    return EvaluationList(
        items=[_evaluation(each, numbers) for each in list_evaluations(name, version, connector=store)]
    )


@router.post("/{name}/versions/{version}/evaluate", **SUBMITTED)
def evaluate_version(
    request: Request,
    store: Store,
    name: Name,
    version: Version,
    who: Annotated[Principal, Depends(allowed("run", "registered_model"))],
) -> Json:
    """Apply the gates to a version, and compare it with production: a run of the kind `evaluate_version`."""
    arguments = {"name": name, "version": find_version(name, version, connector=store).version}
    return submitted(submit("evaluate_version", arguments, connector=store, created_by=who.name), request)


@router.get("/{name}/versions/{version}/check", dependencies=[_Reader])
def check_version(store: Store, name: Name, version: Version) -> WholeAnswer:
    """Read every byte of a version, and tell whether it is still what was registered."""
    try:
        load_version(name, version, connector=store)
    except CorruptError as error:
        return WholeAnswer(is_whole=False, message=str(error))
    return WholeAnswer(is_whole=True, message="Every byte is what was registered.")


@router.post("/{name}/versions/{version}/promote")
def promote_version(
    request: Request, store: Store, name: Name, version: Version, given: ReleaseRequest, who: _Releaser
) -> VersionAnswer:
    """Put a version into production; the one that was there becomes `previous`."""
    found = promote(name, version, remark=given.remark, changed_by=who.name, connector=store)
    note(request, entity_id=found.id, detail={"name": name, "version": found.version, "what": "promote"})
    return _versions(name, [found], store)[0]


@router.post("/{name}/rollback")
def roll_back(request: Request, store: Store, name: Name, given: ReleaseRequest, who: _Releaser) -> VersionAnswer:
    """Put the previous version into production again."""
    found = rollback(name, remark=given.remark, changed_by=who.name, connector=store)
    note(request, entity_id=found.id, detail={"name": name, "version": found.version, "what": "rollback"})
    return _versions(name, [found], store)[0]


@router.put("/{name}/aliases/{alias}")
def set_alias(
    request: Request, store: Store, name: Name, alias: Version, given: AliasRequest, who: _Releaser
) -> VersionAnswer:
    """Have an alias stand for a version; `production` is given by promotion and rollback alone."""
    name_version(name, alias, given.version, changed_by=who.name, connector=store)
    note(request, detail={"name": name, "alias": alias, "version": given.version})
    return _versions(name, [find_version(name, given.version, connector=store)], store)[0]


@router.delete("/{name}/aliases/{alias}", status_code=204)
def remove_alias(request: Request, store: Store, name: Name, alias: Version, who: _Releaser) -> Response:
    """Take an alias away; without `production` nothing is released any more."""
    name_version(name, alias, None, changed_by=who.name, connector=store)
    note(request, detail={"name": name, "alias": alias, "version": None})
    return Response(status_code=204)


def _registered(found: RegisteredModel, store: Store) -> dict[str, Any]:
    names = ("id", "name", "description", "gates", "created_by", "created_at", "updated_at")
    latest = list_versions(found.name, connector=store)[:1]
    numbers = {"versions": latest[0].version if latest else 0, "aliases": aliases_of(found.name, connector=store)}
    return {name: getattr(found, name) for name in names} | numbers


def _versions(name: str, versions: list[ModelVersion], store: Store) -> list[VersionAnswer]:
    aliases = aliases_of(name, connector=store)
    numbers = {each.id: each.version for each in list_versions(name, connector=store)}
    latest: dict[int, VersionEvaluation] = {}
    for evaluation in list_evaluations(name, connector=store):
        latest.setdefault(evaluation.version_id, evaluation)
    own = VersionAnswer.model_fields.keys() - {"name", "aliases", "evaluation"}
    return [
        VersionAnswer(
            **{field: getattr(each, field) for field in own},
            name=name,
            aliases=sorted(alias for alias, number in aliases.items() if number == each.version),
            evaluation=_evaluation(latest[each.id], numbers) if each.id in latest else None,
        )
        for each in versions
    ]


def _evaluation(found: VersionEvaluation, numbers: dict[int, int]) -> EvaluationAnswer:
    names = ("id", "state", "gates", "report", "error", "created_by", "created_at")
    against = None if found.against_id is None else numbers.get(found.against_id)
    own = {name: getattr(found, name) for name in names}
    if own["report"]:  # the rows of its chart are for the page about the version
        own["report"] = {key: value for key, value in own["report"].items() if key != "rows"}
    return EvaluationAnswer(**own, version=numbers[found.version_id], against=against)


def _change(found: AliasChange, numbers: dict[int, int]) -> AliasChangeAnswer:
    names = ("id", "alias", "reason", "remark", "changed_by", "created_at")
    before, after = (None if id is None else numbers.get(id) for id in (found.from_version_id, found.to_version_id))
    return AliasChangeAnswer(**{name: getattr(found, name) for name in names}, before=before, after=after)
