"""`Ensemble`: models, and other ensembles, that forecast together."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import delete

from enstorage import plugins
from enstorage.database.types import to_json_text
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.ensemble_columns import METHODS, EnsembleColumns, check_fit_on
from enstorage.entity.forecast import Forecast
from enstorage.entity.model import Model
from enstorage.entity.project import Project
from enstorage.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy.orm import Session

    from enstorage.entity.ensemble_item import EnsembleItem


class Ensemble(EnsembleColumns):
    """A method, a metamodel and members: models or ensembles, all of one project. Its columns are those of the base.

    `endirector.Conductor(ensemble).render()` builds it. Once built it keeps: the metamodel's object; a table with the
    targets, the forecasts of every member and of the ensemble, and which rows were fitted on; and `result`, from which the
    reading methods take what they give.
    """

    __tablename__ = "ensemble"

    @classmethod
    def form(
        cls,
        project: Project,
        method: str,
        metamodel: object,
        models: "Sequence[Model | Ensemble]",
        *,
        fit_on: str | None = None,
        name: str | None = None,
        description: str = "",
        parameters: Mapping[str, Any] | None = None,
        formed: Mapping[str, Any] | None = None,
    ) -> Self:
        """Put members together and store them. See `Project.create_ensemble`."""
        from enstorage.entity.ensemble_item import EnsembleItem

        chosen = plugins.load(METHODS, method)
        if fit_on is not None:
            check_fit_on(fit_on)
        members = _checked_members(project, models)
        classes = classes_of(members)
        metamodel_name, told = chosen.check(metamodel, parameters or {}, member_names(members), classes)
        with project.connector.transaction():
            ensemble = cls(
                connector=project.connector,
                name=name or " ".join(filter(None, (method, metamodel_name))),
                project_id=project.id,
                method=method,
                metamodel=metamodel_name,
                fit_on=fit_on,
                parameters=told,
                formed=None if formed is None else dict(formed),
                description=description,
            ).save()
            for position, member in enumerate(members):
                EnsembleItem(
                    connector=project.connector,
                    ensemble_id=ensemble.id,
                    **{"member_id" if isinstance(member, Ensemble) else "model_id": member.id},
                    position=position,
                ).save()
        return ensemble

    @property
    def project(self) -> Project:
        """The project it belongs to."""
        return Project.get(self.project_id, connector=self.connector)

    def items(self) -> "list[EnsembleItem]":
        """The members with their parameters, in the order in which they were given."""
        from enstorage.entity.ensemble_item import EnsembleItem

        return sorted(self._children(EnsembleItem.ensemble_id), key=lambda item: item.position)

    def members(self) -> "list[Model | Ensemble]":
        """The members, in the same order."""
        items = self.items()
        models = iter(Model.get_list([item.model_id for item in items if item.model_id], connector=self.connector))
        layers = iter(Ensemble.get_list([item.member_id for item in items if item.member_id], connector=self.connector))
        return [next(models) if item.model_id else next(layers) for item in items]

    def models(self) -> list[Model]:
        """The models that take part, those of ensembles inside it too, each once, in the order of the members."""
        return list({model.id: model for model in _models_in(self.members())}.values())

    def alignment(self) -> dict[str, Any]:
        """How the members met: `{"common": rows, "lost": {model name: rows}}` over all parts."""
        alignment: dict[str, Any] = self._rendered("alignment")
        return alignment

    def weights(self, step: int | None = None, quantile: float | None = None) -> dict[str, float]:
        """The weight of each member by its name.

        Args:
            step: how far ahead, from 1, for an ensemble whose weights differ by step.
            quantile: level, such as 0.9, for an ensemble whose weights differ by quantile.

        Raises:
            NotFoundError: the ensemble was not rendered, or its method gives no such weights.
        """
        self._rendered("alignment")
        items = [item for item in self.items() if item.dropped is None]
        if quantile is not None:
            levels = [item.properties.get("quantile_weights", {}).get(str(float(quantile)), {}) for item in items]
            found = [own.get(str(1 if step is None else step)) for own in levels]
        elif step is None:
            found = [item.properties.get("weight") for item in items]
        else:
            found = [item.properties.get("step_weights", {}).get(str(step)) for item in items]
        names = self.alignment()["lost"]
        weights = {name: weight for name, weight in zip(names, found, strict=True) if weight is not None}
        if len(weights) < len(items):
            raise NotFoundError(self._no_weights(items))
        return weights

    def tried(self) -> "pl.DataFrame":
        """What `endirector.form` tried before it chose this one, the best first.

        Returns:
            Columns `method`, `metamodel`, `parameters` (JSON), `members` (names), `error` (of the metric that
            `formed["metric"]` says), `standard_error` (of that mean, over the stretches of time that it was judged on).

        Raises:
            NotFoundError: it was not formed.
        """
        import polars as pl

        if self.formed is None:
            raise NotFoundError(f"{self} was not formed, but made by a person. endirector.form(project) chooses one.")
        rows = [{**each, "parameters": to_json_text(each["parameters"])} for each in self.formed["tried"]]
        return pl.DataFrame(rows, schema_overrides={"metamodel": pl.String})

    def dropped(self) -> dict[str, str]:
        """The members that it was rendered without, by their names, and why: what failed of each."""
        self._rendered("alignment")
        names = member_names(self.members())
        return {name: item.dropped for name, item in zip(names, self.items(), strict=True) if item.dropped is not None}

    def _no_weights(self, items: "list[EnsembleItem]") -> str:
        levels = [
            ", ".join(item.properties["quantile_weights"]) for item in items if "quantile_weights" in item.properties
        ]
        if levels:
            return f"{self} has weights for the quantiles {levels[0]}. Read weights(step=…, quantile=…)."
        steps = [", ".join(item.properties["step_weights"]) for item in items if "step_weights" in item.properties]
        if steps:
            return f"The weights of {self} differ by step; known are the steps {steps[0]}. Read weights(step=…)."
        if any(name.startswith("weight_") for name in self.data_csv.columns):
            return f"The weights of {self} differ by row. Read the columns weight_… of its table()."
        if any("weight" in item.properties for item in items):
            return f"The weights of {self} are the same for all steps. Read weights()."
        by = f"its metamodel {self.metamodel}" if self.metamodel else f"the method {self.method!r}"
        return f"{self} has no weights: {by} does not combine members by weights. Read its forecasts instead."

    def metrics(self) -> dict[str, Any]:
        """Errors on every part: `{part: {"members": {name: {"mse", "rmse", …}}, "ensemble": {…}}}`."""
        metrics: dict[str, Any] = self._rendered("metrics")
        return metrics

    def mark(self) -> str:
        """How honest the fit is: `held-out`, `out-of-fold` or `in-sample` (the members were trained on those rows)."""
        mark: str = self._rendered("mark")
        return mark

    def diagnosis(self) -> dict[str, Any]:
        """How it lives on its members, as `endirector.diagnose` found: see there.

        Raises:
            NotFoundError: the ensemble was not diagnosed since it was rendered, or was not rendered.
        """
        self._rendered("alignment")
        diagnosis: dict[str, Any] | None = (self.result or {}).get("diagnosis")
        if diagnosis is None:
            raise NotFoundError(f"{self} was not diagnosed since it was rendered. Call endirector.diagnose(ensemble).")
        return diagnosis

    def intervals(self) -> "pl.DataFrame":
        """How wide its intervals are, and how often they cover the truth of test rows. `endirector.calibrate` makes them.

        Returns:
            A row for each step and level: `step`, `level`, `calibrated_on` (`held-out` or `out-of-fold` rows), `rows` (how
            many of these), `width` (source units), `coverage` (share of the test rows inside, null without any),
            `test_rows`.

        Raises:
            NotFoundError: the ensemble was not rendered, or has none.
        """
        import polars as pl

        self._rendered("alignment")
        kept = (self.result or {}).get("intervals")
        if kept is None:
            raise NotFoundError(f"{self} has no intervals. Make them with endirector.calibrate(ensemble).")
        return pl.DataFrame(kept, infer_schema_length=None)

    def forecasts(self, part: str | None = None) -> "pl.DataFrame":
        """The forecasts of the ensemble for a part, by default for all; columns as in `Model.forecasts`."""
        return Forecast.read(self, part)

    def table(self) -> "pl.DataFrame":
        """All common targets: `series`, `id`, `step`, `part`, `fitted`, `truth`, `member_<key of the item>` …, `ensemble`.

        An ensemble that was fitted on out-of-fold forecasts has these too, as `out_of_fold_<key>` …; one whose weights
        differ by row has `weight_<key>` ….
        """
        self._rendered("alignment")
        return self.data_csv.table()

    def staleness(self) -> list[str]:
        """What changed since it was rendered, in sentences: members that were trained anew, data that came late.

        Only what is stored is read. Whether a source still holds what a snapshot of it says, `source.check_snapshots()`
        finds out. An ensemble of which nothing changed gives an empty list.

        Raises:
            NotFoundError: the ensemble was not rendered.
        """
        from enstorage.views.staleness import staleness

        self._rendered("alignment")
        return staleness(self)

    def warnings(self) -> list[str]:
        """What to know before its figures are trusted, in sentences; nothing for an ensemble that is in order.

        Members that could see later values, test rows that a member was trained on, and what `staleness` says.

        Raises:
            NotFoundError: the ensemble was not rendered.
        """
        said = []
        if self._rendered("leaks"):
            said.append(
                "Members could see later values (a random split, or gaps filled from both sides): errors flatter."
            )
        said += [
            f"{name} was trained on {count} of the test rows: its error there flatters."
            for name, count in self._rendered("test_rows_trained_on").items()
            if count
        ]
        return said + [f"Not up to date: {each}" for each in self.staleness()]

    def load_metamodel(self) -> Any:
        """The fitted metamodel.

        Raises:
            NotFoundError: the ensemble was not rendered, its method has none, or no format keeps this one as data.
        """
        from enstorage.formats.base import load

        if self.object_sha256 is None or self.object_format is None:
            if self.metamodel is not None and self.result is not None:
                raise NotFoundError(
                    f"The {self.metamodel} of {self} is not kept, since no format keeps it as data; it is fitted again when "
                    "it is needed. endirector.what_if(ensemble).metamodel is one that was."
                )
            raise NotFoundError(
                f"{self} has no metamodel: it was not rendered, or the method {self.method!r} has none."
            )
        content = self.connector.objects.get(self.object_sha256)
        return load(self.object_format, content, allow_pickle=self.connector.allow_pickle)

    def _repr_html_(self) -> str:
        from enstorage.views.notebook import ensemble_html

        return ensemble_html(self)

    @property
    def data_csv(self) -> DataCsv:
        """Its table, see `table`."""
        if self.data_csv_id is None:
            raise self._not_rendered()
        return DataCsv.get(self.data_csv_id, connector=self.connector)

    def _rendered(self, key: str) -> Any:
        if self.result is None:
            raise self._not_rendered()
        return self.result[key]

    def _not_rendered(self) -> NotFoundError:
        return NotFoundError(f"{self} was not rendered yet. Call endirector.Conductor(ensemble).render().")

    def _after_delete(self, session: "Session") -> None:
        if self.data_csv_id is not None:
            session.execute(delete(DataCsv).where(DataCsv.id == self.data_csv_id))


def member_names(members: Sequence[Model | Ensemble]) -> list[str]:
    """The names of members, made different by their ids where two are called the same."""
    names = [member.name for member in members]
    return [
        name if names.count(name) == 1 else f"{name} ({told_apart(member)})"
        for name, member in zip(names, members, strict=True)
    ]


def told_apart(member: Model | Ensemble) -> str:
    """What tells members of one name apart: `3` for a model, `ensemble 5` for an ensemble."""
    return f"ensemble {member.id}" if isinstance(member, Ensemble) else str(member.id)


def judged_by(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """The error that a short table shows, as `Ensemble.metrics` calls it and in words: of classes the log loss."""
    has_classes = all("log_loss" in own["ensemble"] for own in metrics.values())
    return ("log_loss", "log loss") if has_classes else ("rmse", "RMSE")


def classes_of(members: Sequence[Model | Ensemble]) -> int | None:
    """How many classes the members forecast probabilities of; None where they forecast values.

    Raises:
        InvalidInputError: some forecast classes and others values, or classes of another number.
    """
    by_set: dict[int, Model] = {}  # each looked into once: those of images are large
    for model in _models_in(members):
        if model.data_set_id is not None:
            by_set.setdefault(model.data_set_id, model)
    found: dict[int | None, Model] = {}
    for model in by_set.values():
        found.setdefault(model.data_set().classes, model)
    if len(found) > 1:
        told = ", ".join(
            f"{model} forecasts {f'{classes} classes' if classes else 'values'}" for classes, model in found.items()
        )
        raise InvalidInputError(f"Members of one ensemble forecast the same: {told}. Leave out those that differ.")
    return next(iter(found), None)


def _models_in(members: Sequence[Model | Ensemble]) -> list[Model]:
    return [model for member in members for model in ([member] if isinstance(member, Model) else member.models())]


def _checked_members(project: Project, members: Sequence[Model | Ensemble]) -> list[Model | Ensemble]:
    for member in members:
        if not isinstance(member, Model | Ensemble):
            raise InvalidInputError(
                f"{member!r:.80} is not a Model; expected models or ensembles, such as Model.get_list([3, 4, 5])."
            )
        owner = member.research.project_id if isinstance(member, Model) else member.project_id
        if owner != project.id:
            raise InvalidInputError(
                f"{member} belongs to project {owner}; the members of an ensemble of {project} are those of that project. "
                "Choose others, or make the ensemble in the other project."
            )
    saved = [member._saved() for member in members]
    twice = [member for place, member in enumerate(saved) if member in saved[:place]]
    if twice:
        raise InvalidInputError(f"{', '.join(map(str, twice))} was given twice; a member takes part once.")
    return saved
