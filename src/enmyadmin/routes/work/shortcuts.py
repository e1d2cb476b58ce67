"""Long work asked for at the record that it is about, such as `POST /ensembles/3/render`: a run of one kind."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request

from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import SUBMITTED, RunId, submitted
from enorchestrator import submit
from enorchestrator.work.registry import find_kind
from enstorage.errors import InvalidInputError

router = APIRouter(tags=["runs"])

#: By its path: the name of the operation, the kind, and the argument that the path gives.
_AT_RECORDS = {
    "/models/{id}/forecast": ("forecast_model", "forecast", "model"),
    "/researches/{id}/tune": ("tune_research", "tune", "research"),
    "/projects/{id}/form": ("form_ensemble", "form", "project"),
    "/ensembles/{id}/render": ("render_ensemble", "render", "ensemble"),
    "/ensembles/{id}/verify": ("verify_ensemble", "verify", "ensemble"),
    "/ensembles/{id}/diagnosis": ("diagnose_ensemble", "diagnose", "ensemble"),
    "/ensembles/{id}/calibrate": ("calibrate_ensemble", "calibrate", "ensemble"),
    "/ensembles/{id}/forecast": ("forecast_ensemble", "forecast", "ensemble"),
}
_OF_MANY = {"/models/fit": ("fit_models", "fit"), "/models/backtest": ("backtest_models", "backtest")}

Given = Annotated[
    dict[str, Any], Body(default_factory=dict, description="The other arguments of the kind, see /kinds.")
]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


def _at_record(kind: str, table: str) -> Any:
    may: Any = Annotated[Principal, Depends(allowed(find_kind(kind).action, table))]

    def ask(request: Request, store: Store, id: RunId, who: may, given: Given, idempotency_key: Key = None) -> Json:
        if table in given:
            raise InvalidInputError(
                f"{table} is given by the path and by the body; leave it out of the body.", field=table
            )
        arguments = given | {table: id}
        return submitted(submit(kind, arguments, connector=store, key=idempotency_key, created_by=who.name), request)

    return ask


def _of_many(kind: str) -> Any:
    found = find_kind(kind)
    may: Any = Annotated[Principal, Depends(allowed(found.action, found.table))]

    def ask(request: Request, store: Store, who: may, given: Given, idempotency_key: Key = None) -> Json:
        return submitted(submit(kind, given, connector=store, key=idempotency_key, created_by=who.name), request)

    return ask


for _path, (_name, _kind, _table) in _AT_RECORDS.items():
    _about = f"{find_kind(_kind).title}: ask for a run of the kind `{_kind}`."
    router.post(_path, name=_name, description=_about, **SUBMITTED)(_at_record(_kind, _table))
for _path, (_name, _kind) in _OF_MANY.items():
    _about = f"{find_kind(_kind).title}: ask for a run of the kind `{_kind}`."
    router.post(_path, name=_name, description=_about, **SUBMITTED)(_of_many(_kind))
