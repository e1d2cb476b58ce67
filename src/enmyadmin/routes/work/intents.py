"""Intents: sentences that are planned, looked at, and started."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import demand_steps
from enorchestrator import plan_intent, start_intent
from enorchestrator.intent.parser import LONGEST_SENTENCE, verbs
from enorchestrator.intent.plan import IntentPlan

router = APIRouter(prefix="/intents", tags=["pipelines"])


class IntentRequest(BaseModel):
    """A sentence."""

    sentence: Annotated[
        str, Field(min_length=1, max_length=LONGEST_SENTENCE, description="In English or Russian, see /intents.")
    ]


class IntentVerbAnswer(BaseModel):
    """Something that can be asked for."""

    name: str
    description: str
    examples: Annotated[dict[str, str], Field(description="A sentence in each language, by its code.")]


class IntentVerbList(BaseModel):
    """Everything that can be asked for."""

    items: list[IntentVerbAnswer]


class ConflictAnswer(BaseModel):
    """A wish that cannot be met."""

    fact: str
    relaxations: Annotated[list[str], Field(description="Changes of the sentence, any of which would do.")]


class ScheduleOfIntent(BaseModel):
    """Times of the calendar."""

    cron: str
    time_zone: str


class IntentPlanAnswer(BaseModel):
    """The plan of a sentence; nothing of it is stored."""

    sentence: str
    intent: Annotated[dict[str, JsonValue], Field(description="Its syntax tree.")]
    requirements: list[str]
    constraints: list[str]
    behaviour: Annotated[dict[str, JsonValue], Field(description="How the data are to behave, and what they show.")]
    profile: Annotated[dict[str, JsonValue], Field(description="Of the model.")]
    priority: int
    questions: Annotated[list[str], Field(description="What is missing.")]
    conflicts: list[ConflictAnswer]
    remarks: list[str]
    ready: Annotated[bool, Field(description="True if it can be started.")]
    pipeline: dict[str, JsonValue] | None
    schedule: ScheduleOfIntent | None
    channels: list[str]


class StartedAnswer(BaseModel):
    """The records that a sentence became."""

    pipeline: Annotated[str, Field(description="Its name.")]
    version: int
    run: int | None
    schedule: Annotated[str | None, Field(description="Its name.")]
    rules: list[str]


@router.get("", dependencies=[Depends(allowed("read", "pipeline"))])
def list_verbs() -> IntentVerbList:
    """List what sentences can ask for, with an example of each."""
    found = [
        IntentVerbAnswer(name=name, description=(each.__doc__ or "").partition("\n")[0], examples=dict(each.examples))
        for name, each in sorted(verbs().items())
    ]
    return IntentVerbList(items=found)


@router.post("/plan", dependencies=[Depends(allowed("read", "pipeline"))])
def plan(store: Store, given: IntentRequest) -> IntentPlanAnswer:
    """Plan what a sentence asks for; nothing is stored and nothing starts."""
    return IntentPlanAnswer.model_validate(plan_intent(given.sentence, connector=store).to_json())


@router.post("/start", status_code=201)
def start(
    request: Request,
    store: Store,
    given: IntentRequest,
    who: Annotated[Principal, Depends(allowed("create", "pipeline"))],
) -> StartedAnswer:
    """Save the pipeline of a sentence, and have it run now or at its times; it takes the permissions for all that."""
    found = plan_intent(given.sentence, connector=store)
    _demand(request, who, found)
    made = start_intent(found, created_by=who.name, connector=store)
    detail: dict[str, Any] = {"sentence": found.sentence, "name": made.pipeline.name}
    note(request, entity_id=made.pipeline.id, detail=detail)
    return StartedAnswer(
        pipeline=made.pipeline.name,
        version=made.pipeline.version,
        run=None if made.run is None else made.run.id,
        schedule=None if made.schedule is None else made.schedule.name,
        rules=[rule.name for rule in made.rules],
    )


def _demand(request: Request, who: Principal, found: IntentPlan) -> None:
    """Raise an error unless a principal may do everything that a plan asks for."""
    demand = request.app.state.access.demand
    demand(who, *(("create", "schedule") if found.schedule is not None else ("run", "pipeline")))
    if found.channels:
        demand(who, "create", "notification")
    if found.pipeline is not None:
        demand_steps(request, who, (step.kind for step in found.pipeline.steps.values()))
