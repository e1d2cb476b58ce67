"""The call that creates each entity from JSON: the same as in Python, with fields named after its parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, cast

from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.entity._record import Record
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_set import DataSet
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.forecast import Forecast
from enstorage.entity.model import Model
from enstorage.entity.model_meta import ModelMeta
from enstorage.entity.panel import Panel
from enstorage.entity.panel_member import PanelMember
from enstorage.entity.project import Project
from enstorage.entity.research import Research
from enstorage.errors import InvalidInputError


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The call that creates an entity.

    Attributes:
        entity: its class.
        call: constructor, method or function whose parameters are the fields; a parent is given by its id.
        named: the column of each parameter that has another name, without `_id`.
        several: parameters that take several records, each with their entity and a line of help.
        lists: parameters that are not columns, each with its type and a line of help.
    """

    entity: type[Record]
    call: Callable[..., Any]
    named: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, tuple[type[Record], str]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def takes_connector(self) -> bool:
        """True if the call takes a connector; else its parents determine the store."""
        return "connector" in signature(self.call).parameters

    def make(self, arguments: Mapping[str, Any]) -> Record:
        """The stored record."""
        given = dict(arguments)
        owner = [given.pop("self")] if "self" in given else []
        made: Record = self.call(*owner, **given)
        return made._saved()


def _model(
    research: Research,
    name: str,
    network: Mapping[str, Any] | None = None,
    data_set: DataSet | None = None,
    description: str = "",
) -> Model:
    with research.connector.transaction():
        model = research.create_model(name, network, description)
        if data_set is not None:
            model.data_set(data_set)
    return model


def _data_set(
    adapter: Mapping[str, Any],
    data_preparation: DataPreparation | None = None,
    data_preparations: Sequence[DataPreparation] = (),
    name: str | None = None,
    description: str = "",
) -> DataSet:
    if (data_preparation is None) == (not data_preparations):
        raise InvalidInputError(
            "A data set is made from one preparation or several; expected data_preparation_id or data_preparation_ids, "
            f"received {'both' if data_preparations else 'neither'}. Give one of the two.",
            field="data_preparation_id",
        )
    recipe = _adapter(adapter)
    if data_preparation is None:
        return DataSet.from_preparations(data_preparations, recipe, name, description=description)
    return data_preparation.create_set(recipe, name, description)


def _adapter(recipe: Mapping[str, Any]) -> Adapter:
    try:
        return adapter_from_json(recipe)  # type: ignore[return-value] # create_set refuses others
    except (TypeError, KeyError) as error:
        raise InvalidInputError(
            f"The adapter {dict(recipe)!r:.80} is not valid: {error}. Expected for example "
            '{"name": "window", "lag": 7}.',
            field="adapter",
        ) from error
    except InvalidInputError as error:
        error.field = "adapter"
        raise


def _ensemble(
    project: Project,
    method: str,
    metamodel: str | None = None,
    models: Sequence[Model] = (),
    ensembles: Sequence[Ensemble] = (),
    fit_on: str | None = None,
    name: str | None = None,
    description: str = "",
    parameters: Mapping[str, Any] | None = None,
) -> Ensemble:
    return project.create_ensemble(method, metamodel, [*models, *ensembles], fit_on, name, description, parameters)


def _fact(model: Model, key: str, value: Any) -> ModelMeta:
    model.meta(key, value)
    (fact,) = [fact for fact in model._children(ModelMeta.model_id) if fact.key == key]
    return cast("ModelMeta", fact)


def _forecast(
    model: Model,
    part: str,
    id: Sequence[Any],
    values: Sequence[Any],
    series: Sequence[int] | None = None,
) -> Forecast:
    return model.save_forecasts(part, id, values, series=series)


def _panel_member(panel: Panel, key: str, data_source: DataSource) -> PanelMember:
    return panel.add(key, data_source)


WAYS: tuple[Way, ...] = (
    Way(
        DataSource,
        DataSource,
        lists={
            "holidays": ("list", "Local days that are no business days."),
            "periods": ("list", "Local starts of listed periods."),
        },
    ),
    Way(
        DataSnapshot,
        DataSource.create_snapshot,
        {"self": "data_source"},
        lists={
            "whole_period": ("true or false", "True keeps empty buckets before and after all points."),
            "keep_partial": ("true or false", "True keeps a first and last bucket that points cover only in part."),
        },
    ),
    Way(DataPreparation, DataSnapshot.create_preparation, {"self": "data_snapshot"}),
    Way(
        DataSet,
        _data_set,
        several={"data_preparations": (DataPreparation, "Several preparations, each of a different data source.")},
    ),
    Way(Panel, Panel),
    Way(PanelMember, _panel_member),
    Way(Project, Project),
    Way(Research, Project.create_research, {"self": "project", "preparation": "data_preparation"}),
    Way(Model, _model),
    Way(ModelMeta, _fact),
    Way(
        Forecast,
        _forecast,
        lists={
            "id": ("list", "The time of each forecast's target, in any form."),
            "values": ("list", "The forecasts, in the units of the source."),
            "series": ("list", "The id of the data source of each forecast, if there are several."),
        },
    ),
    Way(
        Ensemble,
        _ensemble,
        several={"models": (Model, "Models that are members."), "ensembles": (Ensemble, "Ensembles that are members.")},
    ),
)
