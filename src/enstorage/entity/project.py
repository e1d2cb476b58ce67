"""`Project`: the researches and ensembles over one data source, or over one panel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Name
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_source import DataSource
from enstorage.entity.panel import Panel
from enstorage.entity.panel_member import PanelMember
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity.data_set import DataSet
    from enstorage.entity.ensemble import Ensemble
    from enstorage.entity.model import Model
    from enstorage.entity.research import Research


class Project(Record):
    """Joins a set of researches over one data source or one panel; everything from preparing to ensembles is within one.

    Args:
        name: display name.
        data_source: the series that everything in the project is about; or
        panel: the series that everything is about, many of them.
        description: free text.
        connector: the store to live in; by default that of the source or panel.

    Raises:
        InvalidInputError: there is not one of the two.
    """

    __tablename__ = "project"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    data_source_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_source.id"),
        index=True,
        info=facts("The source that everything in it is about; none where it is over a panel."),
    )
    panel_id: Mapped[int | None] = mapped_column(
        ForeignKey("panel.id"),
        index=True,
        info=facts("The panel that everything in it is about; none where it is over one source."),
    )

    def __init__(
        self,
        *,
        name: str,
        data_source: DataSource | None = None,
        panel: Panel | None = None,
        description: str = "",
        connector: "Connector | None" = None,
    ) -> None:
        if (data_source is None) == (panel is None):
            raise InvalidInputError(
                "A project is over one data source or one panel; expected one of data_source and panel, received "
                f"{'neither' if panel is None else 'both'}.",
                field="data_source_id",
            )
        for given, kind in ((data_source, DataSource), (panel, Panel)):
            if given is not None and not isinstance(given, kind):
                raise InvalidInputError(
                    f"{given!r:.60} is not a {kind.__name__}; expected one, such as {kind.__name__}.get(1)."
                )
        over = data_source if panel is None else panel
        assert over is not None  # noqa: S101 - one of the two was given
        super().__init__(
            connector=connector or over.connector,
            name=name,
            data_source_id=None if data_source is None else data_source._saved().id,
            panel_id=None if panel is None else panel._saved().id,
            description=description,
        )

    def create_research(
        self, name: str, preparation: DataPreparation | None = None, description: str = ""
    ) -> "Research":
        """Begin a research: a group of models made by definite rules on data prepared in one way.

        Args:
            name: display name.
            preparation: the one preparation of its models, of pooled sets the first; by default that of the first model's
                data set.
            description: free text.

        Raises:
            InvalidInputError: the preparation is of another data source than those of the project.
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
            fit_on: the rows for fitting weights or metamodel: those of `train` or `valid`, or the members' forecasts
                `out_of_fold`. By default what the method is made for; else `valid` where the members have such rows, or
                `train`.
            name: display name; by default the method and metamodel.
            description: free text.
            parameters: parameters of the method, as JSON, such as `{"average": "median"}` for `voting`, or
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
    def data_source(self) -> DataSource | None:
        """The source that everything in the project is about; None where it is over a panel."""
        return None if self.data_source_id is None else DataSource.get(self.data_source_id, connector=self.connector)

    @property
    def panel(self) -> Panel | None:
        """The panel that everything in the project is about; None where it is over one source."""
        return None if self.panel_id is None else Panel.get(self.panel_id, connector=self.connector)

    def source_ids(self) -> list[int]:
        """The id of its data source, or those of all sources of its panel."""
        if self.data_source_id is not None:
            return [self.data_source_id]
        query = select(PanelMember.data_source_id).where(PanelMember.panel_id == self.panel_id).order_by(PanelMember.id)
        with self.connector.database.reading() as session:
            return list(session.scalars(query))

    def check_preparation(self, preparation: DataPreparation) -> None:
        """Refuse a preparation of another data source than those of the project.

        Raises:
            InvalidInputError: it is of another one.
        """
        source_id = preparation.data_snapshot.data_source_id
        if source_id in self.source_ids():
            return
        if self.panel_id is None:
            raise InvalidInputError(
                f"{self} is about data source {self.data_source_id}; {preparation} was made of data source {source_id}. "
                "Use a preparation of the project's source."
            )
        raise InvalidInputError(
            f"{self} is about {self.panel}; {preparation} was made of data source {source_id}, which is not in it. Use a "
            "preparation of a source of the panel, or add the source: panel.add(key, source)."
        )

    def check_data_set(self, data_set: "DataSet") -> None:
        """Refuse, in a project over a panel, a pooled set or one from arrays with samples of none of its sources.

        Raises:
            InvalidInputError: there are such.
        """
        if self.panel_id is None:
            return
        if data_set.data_preparation_id is None:
            raise InvalidInputError(
                f"{data_set} was made of arrays, which name no series; expected, in a project over a panel, samples of its "
                "sources. Use DataSet.from_preparations, or make a project over one data source."
            )
        strange = sorted(set(data_set.series_ids()) - set(self.source_ids()))
        if strange:
            raise InvalidInputError(
                f"{data_set} has samples of data source {strange[0]}, which is not in {self.panel}. Add the source: "
                "panel.add(key, source), or make a set without it."
            )

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
