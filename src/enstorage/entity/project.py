"""`Project`: the researches and ensembles over one data source."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Name
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_source import DataSource
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity.ensemble import Ensemble
    from enstorage.entity.model import Model
    from enstorage.entity.research import Research


class Project(Record):
    """Joins a set of researches over one data source; everything from preparing to ensembles happens within one."""

    __tablename__ = "project"

    name: Mapped[str] = mapped_column(Name, info=facts("What people call it."))
    data_source_id: Mapped[int] = mapped_column(
        ForeignKey("data_source.id"), index=True, info=facts("The source that everything in it is about.")
    )

    def __init__(
        self, *, name: str, data_source: DataSource, description: str = "", connector: "Connector | None" = None
    ) -> None:
        if not isinstance(data_source, DataSource):
            raise InvalidInputError(
                f"{data_source!r:.60} is not a DataSource; expected one, such as DataSource.get(1)."
            )
        super().__init__(
            connector=connector or data_source.connector,
            name=name,
            data_source_id=data_source._saved().id,
            description=description,
        )

    def create_research(
        self, name: str, preparation: DataPreparation | None = None, description: str = ""
    ) -> "Research":
        """Begin a research: a group of models made by definite rules on data prepared in one way.

        Args:
            name: what people call it.
            preparation: the one preparation of its models; by default that of the first model's data set.
            description: free text.

        Raises:
            InvalidInputError: the preparation is of another data source than the project.
        """
        from enstorage.entity.research import Research

        return Research(project=self._saved(), name=name, preparation=preparation, description=description).save()

    def create_ensemble(
        self,
        method: str,
        metamodel: object = None,
        models: "Sequence[Model | Ensemble]" = (),
        fit_on: str | None = None,
        name: str | None = None,
        description: str = "",
        parameters: Mapping[str, Any] | None = None,
    ) -> "Ensemble":
        """Put models, or other ensembles, together; `endirector.Conductor(ensemble).render()` then builds the ensemble.

        Args:
            method: registered name, such as `voting`, `weighted_voting`, `blending`.
            metamodel: for methods that have one, the class name of a scikit-learn estimator, such as `LinearRegression`, or
                an estimator that was not fitted, such as `Ridge(alpha=0.5)`: its class and its parameters are kept.
            models: the members, all of this project: models, or ensembles that were rendered.
            fit_on: what weights or metamodel are fitted on: the rows of `train` or `valid`, or the members' forecasts
                `out_of_fold`. By default what the method is made for; else `valid` where the members have such rows, or
                `train`.
            name: what people call it; by default the method and metamodel.
            description: free text.
            parameters: what the method takes, as JSON, such as `{"average": "median"}` for `voting`, or
                `{"metamodel": {"alpha": 0.5}}` for methods with a metamodel. What is left out has its default.

        Raises:
            InvalidInputError: unknown method, metamodel or parameter, a member of another project, a member given twice.
        """
        from enstorage.entity.ensemble import Ensemble

        return Ensemble.form(
            self._saved(),
            method,
            metamodel,
            models,
            fit_on=fit_on,
            name=name,
            description=description,
            parameters=parameters,
        )

    @property
    def data_source(self) -> DataSource:
        """The source that everything in the project is about."""
        return DataSource.get(self.data_source_id, connector=self.connector)

    def researches(self) -> "list[Research]":
        """The researches of the project."""
        from enstorage.entity.research import Research

        return self._children(Research.project_id)

    def ensembles(self) -> "list[Ensemble]":
        """The ensembles of the project."""
        from enstorage.entity.ensemble import Ensemble

        return self._children(Ensemble.project_id)

    def models(self) -> "list[Model]":
        """The models of all its researches."""
        models: list[Any] = []
        for research in self.researches():
            models += research.models()
        return models
