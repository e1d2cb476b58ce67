"""The verb `load` of intents: Sentinel-2 scenes of an area and a period."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from enorchestrator.intent.clauses import Words, number
from enorchestrator.intent.plan import Conflict, IntentPlan
from enorchestrator.intent.shared import add_shared
from enorchestrator.intent.verb import IntentVerb
from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.pipeline.patterns import find_pattern
from enspatial.area import Area
from enstorage import Connector
from enstorage.errors import InvalidInputError


class LoadScenesIntent(IntentVerb):
    """Load Sentinel-2 scenes of an area and a period from a catalogue."""

    grammar: ClassVar[str] = r"""
    load: _LOAD _SENTINEL _SCENES* (area | period | clouds | times | notify | urgent)*
    area: _AREA? (INT | NUMBER) (INT | NUMBER) (INT | NUMBER) (INT | NUMBER)
    period: _BETWEEN? DATE DATE
    clouds: _CLOUDS _BELOW? PERCENT
    DATE.4: /\d{4}-\d{2}-\d{2}/
    _LOAD.3: /(load|download|загрузи(те)?|скачай(те)?)\b/i
    _SENTINEL.3: /sentinel[ -]?2\b/i
    _SCENES.3: /(scenes?|images?|снимк(и|ов))\b/i
    _AREA.3: /(area|область|области)\b/i
    _CLOUDS.3: /(clouds?|облачность(ю)?|облак(а|ов))\b/i
    """
    clauses: ClassVar[Mapping[str, Callable[[Words], Any]]] = {
        "area": lambda words: [number(word) for word in words],
        "period": list,
        "clouds": lambda words: number(words[0].rstrip(" %")) / 100,
    }
    examples: ClassVar[Mapping[str, str]] = {
        "en": "load Sentinel-2 for 44.1 53.9 44.3 54.1 from 2020-05-01 to 2020-09-30 with clouds below 20 %",
        "ru": "загрузи Sentinel-2, область 44.1 53.9 44.3 54.1 с 2020-05-01 по 2020-09-30, облачность ниже 20 %",
    }

    area: tuple[float, float, float, float] | None = None
    period: tuple[date, date] | None = None
    clouds: Annotated[float | None, Field(ge=0, le=1)] = None

    def fill(self, plan: IntentPlan, store: Connector) -> None:  # noqa: ARG002 - of scenes nothing has to be there
        """See the base class."""
        add_shared(plan, self, "UTC")
        if self.area is None:
            plan.questions.append(
                "Of which area? Say west, south, east and north in degrees, such as 44.1 53.9 44.3 54.1."
            )
        if self.period is None:
            plan.questions.append("Of which time? Say such as: from 2020-05-01 to 2020-09-30.")
        if self.area is None or self.period is None:
            return
        first, last = self.period
        if last < first:
            plan.conflicts.append(Conflict(f"{last} is before {first}.", (f"Say from {last} to {first}.",)))
        try:
            area = Area.read(self.area)
        except InvalidInputError as error:
            plan.conflicts.append(Conflict(str(error), ("Say west, south, east and north in degrees.",)))
            return
        plan.requirements.append(
            f"Load the Sentinel-2 scenes of the area {area} from {first} to {last}, checked and in versions."
        )
        if self.clouds is not None:
            plan.constraints.append(f"Scenes with less than {self.clouds * 100:g} % of clouds.")
        body = PipelineDefinition.read(find_pattern("spatial-load").text("pattern")).to_json()
        values = {"area": list(self.area), "time_from": str(first), "time_to": str(last + timedelta(days=1))}
        for name, value in (values | {"clouds_below": 1.0 if self.clouds is None else self.clouds}).items():
            body["parameters"][name]["default"] = value
        plan.pipeline = PipelineDefinition.read(
            body | {"name": f"load Sentinel-2 {area}", "description": plan.sentence}
        )
