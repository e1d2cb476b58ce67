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
    """A set of researches over one data source or one panel, with everything from preparations to ensembles.

    Args:
        name: display name.
        data_source: the series of the project; or
        panel: the panel of the project, with many series.
        description: free text.
        connector: the store; by default that of the source or panel.

    Raises:
        InvalidInputError: neither or both of data_source and panel are given.
    """

    __tablename__ = "project"

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    data_source_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_source.id"),
        index=True,
        info=facts("Its data source; none if it is over a panel."),
    )
    panel_id: Mapped[int | None] = mapped_column(
        ForeignKey("panel.id"),
        index=True,
        info=facts("Its panel; none if it is over one source."),
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
                "A project is over one data source or one panel; expected either data_source or panel, received "
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
        """Create a research: a group of models made by definite rules on data of one preparation.

        Args:
            name: display name.
            preparation: the preparation of its models, for pooled sets the first one; by default that of the first model's
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
        """Create an ensemble of models or other ensembles; `endirector.Conductor(ensemble).render()` then builds it.

        Args:
            method: registered name, such as `voting`, `weighted_voting`, `blending`.
            metamodel: for methods that have one, the class name of a scikit-learn estimator, such as `LinearRegression`, or
                an estimator that is not fitted, such as `Ridge(alpha=0.5)`: its class and its parameters are stored.
            models: the members, all of this project: models, or ensembles that were rendered.
            fit_on: the rows for fitting weights or metamodel: those of `train` or `valid`, or the members' forecasts
                `out_of_fold`. By default the rows of the method; else `valid` if the members have such rows, or `train`.
            name: display name; by default the method and metamodel.
            description: free text.
            parameters: parameters of the method, as JSON, such as `{"average": "median"}` for `voting`, or
                `{"metamodel": {"alpha": 0.5}}` for methods with a metamodel. Others have their defaults.

        Raises:
            InvalidInputError: the method, metamodel or a parameter is unknown, or a member is of another project or given
                twice.
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
        """The data source of the project; None if it is over a panel."""
        return None if self.data_source_id is None else DataSource.get(self.data_source_id, connector=self.connector)

    @property
    def panel(self) -> Panel | None:
        """The panel of the project; None if it is over one source."""
        return None if self.panel_id is None else Panel.get(self.panel_id, connector=self.connector)

    def source_ids(self) -> list[int]:
        """The id of its data source, or those of all sources of its panel."""
        if self.data_source_id is not None:
            return [self.data_source_id]
        query = select(PanelMember.data_source_id).where(PanelMember.panel_id == self.panel_id).order_by(PanelMember.id)
        with self.connector.database.reading() as session:
            found = list(session.scalars(query))
        if not found:
            self.connector.database.confirm_empty(query)
        return found

    def check_preparation(self, preparation: DataPreparation) -> None:
        """Refuse a preparation of another data source than those of the project.

        Raises:
            InvalidInputError: it is of another data source.
        """
        source_id = preparation.data_snapshot.data_source_id
        if source_id in self.source_ids():
            return
        if self.panel_id is None:
            raise InvalidInputError(
                f"{self} is over data source {self.data_source_id}; {preparation} was made from data source {source_id}. "
                "Use a preparation of the project's source."
            )
        raise InvalidInputError(
            f"{self} is over {self.panel}; {preparation} was made from data source {source_id}, which is not in it. Use a "
            "preparation of a source of the panel, or add the source: panel.add(key, source)."
        )

    def check_data_set(self, data_set: "DataSet") -> None:
        """Refuse, in a project over a panel, a data set with samples that are not of its sources.

        Raises:
            InvalidInputError: the set is from arrays, or has samples of another source.
        """
        if self.panel_id is None:
            return
        if data_set.data_preparation_id is None:
            raise InvalidInputError(
                f"{data_set} was made from arrays, which have no series; a project over a panel needs samples of its "
                "sources. Use DataSet.from_preparations, or make a project over one data source."
            )
        unknown = sorted(set(data_set.series_ids()) - set(self.source_ids()))
        if unknown:
            raise InvalidInputError(
                f"{data_set} has samples of data source {unknown[0]}, which is not in {self.panel}. Add the source: "
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
