"""`Ensemble`: models, and other ensembles, whose forecasts are combined."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import delete

from enstorage import plugins
from enstorage.database.types import to_json_text
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.ensemble_columns import METHODS, EnsembleColumns, check_fit_on
from enstorage.entity.ensemble_members import candidate_names, checked_members, classes_of, member_names, models_of
from enstorage.entity.ensemble_result import EnsembleResult
from enstorage.entity.ensemble_search import EnsembleSearch
from enstorage.entity.forecast import Forecast
from enstorage.entity.model import Model
from enstorage.entity.project import Project
from enstorage.errors import CorruptError, NotFoundError

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy.orm import Session

    from enstorage.entity.ensemble_item import EnsembleItem


class Ensemble(EnsembleColumns):
    """A method, a metamodel and members: models or ensembles, all of one project. Its columns are those of the base.

    `endirector.Conductor(ensemble).render()` builds it and stores the metamodel's object; a table with the targets, the
    forecasts of every member and of the ensemble, and a mark for the rows that it was fitted on; and `result`, which
    identifies members by the ids of their items. The reading methods show the current names of the members.
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
        """Make an ensemble of members and store it. See `Project.create_ensemble`."""
        from enstorage.entity.ensemble_item import EnsembleItem

        chosen = plugins.load(METHODS, method)
        if fit_on is not None:
            check_fit_on(fit_on)
        members = checked_members(project, models, cls)
        classes = classes_of(members)
        metamodel_name, completed = chosen.check(metamodel, parameters or {}, member_names(members), classes)
        with project.connector.transaction():
            ensemble = cls(
                connector=project.connector,
                name=name or " ".join(filter(None, (method, metamodel_name))),
                project_id=project.id,
                method=method,
                metamodel=metamodel_name,
                fit_on=fit_on,
                parameters=completed,
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
        return self._members_of(self.items())

    def _members_of(self, items: "list[EnsembleItem]") -> "list[Model | Ensemble]":
        models = iter(Model.get_list([item.model_id for item in items if item.model_id], connector=self.connector))
        layers = iter(Ensemble.get_list([item.member_id for item in items if item.member_id], connector=self.connector))
        return [next(models) if item.model_id else next(layers) for item in items]

    def models(self) -> list[Model]:
        """The models in it, including those of ensembles inside it, each once, in the order of the members."""
        return models_of(self.members())

    def labels(self, items: "list[EnsembleItem] | None" = None) -> dict[int, str]:
        """The current name of each member, by the id of its item; equal names are distinguished by their ids.

        `items` may be given if they were read already.
        """
        items = items or self.items()
        return dict(zip([item.id for item in items], member_names(self._members_of(items)), strict=True))

    def rendered_result(self, items: "list[EnsembleItem] | None" = None) -> EnsembleResult:
        """The result, with members by the ids of their items; a result of an earlier version is converted.

        Args:
            items: result of `items`, if the caller has read them already.

        Raises:
            NotFoundError: the ensemble was not rendered.
            CorruptError: the stored value is not a valid result.
        """
        if self.result is None:
            raise self._not_rendered()
        combined = [item.id for item in items or self.items() if item.dropped is None]
        try:
            return EnsembleResult.from_json(self.result, combined)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorruptError(
                f"The result of {self} cannot be read: {error!r:.100}. The database was changed by another program. "
                "Restore it from a backup, or render the ensemble again."
            ) from error

    def labelled_result(self) -> dict[str, Any] | None:
        """The result as JSON, with the current names of the members as keys, `claims` and `measured_rows_known`, or None."""
        if self.result is None:
            return None
        own = {"claims": self.claims(), "measured_rows_known": self.measured_rows_known()}
        return self.rendered_result().to_json(self.labels().__getitem__) | own

    def alignment(self) -> dict[str, Any]:
        """Number of targets over all parts: `{"common": rows, "lost": {name: rows}, "not_measured": rows}`.

        All members share the common ones. Those that were not measured but filled are left out; their number is None for
        an ensemble that was rendered by a version that did not leave them out.
        """
        items = self.items()
        result, labels = self.rendered_result(items), self.labels(items)
        lost = {labels[id]: rows for id, rows in result.lost.items()}
        return {"common": result.common, "lost": lost, "not_measured": result.not_measured}

    def weights(self, step: int | None = None, quantile: float | None = None) -> dict[str, float]:
        """The weight of each member by its name.

        Args:
            step: forecast step, from 1, for an ensemble whose weights differ by step.
            quantile: level, such as 0.9, for an ensemble whose weights differ by quantile.

        Raises:
            NotFoundError: the ensemble was not rendered, or its method gives no such weights.
        """
        items = self.items()
        result, labels, weights = self.rendered_result(items), self.labels(items), {}
        for item in items:
            own = item.rendered_result()
            if quantile is not None:
                by_step = (own.quantile_weights or {}).get(float(quantile), {})
                weight = by_step.get(1 if step is None else step)
            else:
                weight = own.weight if step is None else (own.step_weights or {}).get(step)
            if weight is not None and own.dropped is None:
                weights[labels[item.id]] = weight
        if len(weights) < len(result.lost):
            raise NotFoundError(self._no_weights())
        return weights

    def search(self) -> EnsembleSearch:
        """The search by which `endirector.form` selected it.

        Raises:
            NotFoundError: it was not formed.
        """
        if self.formed is None:
            raise NotFoundError(f"{self} was not selected by a search. endirector.form(project) searches for one.")
        return EnsembleSearch.from_json(self.formed, [item.key for item in self.items()])

    def tried(self) -> "pl.DataFrame":
        """The candidates that `endirector.form` tried before it selected this one, the best first.

        Returns:
            Columns `method`, `metamodel`, `parameters` (JSON), `members` (names), `error` (mean, by the metric
            `formed["metric"]`), `standard_error` (of that mean, over blocks of time), `selected` (true for this one).

        Raises:
            NotFoundError: it was not formed.
        """
        import polars as pl

        search = self.search()
        names = candidate_names(search, self)
        rows = [
            {
                "method": each.method,
                "metamodel": each.metamodel,
                "parameters": to_json_text(each.parameters),
                "members": [names[index] for index in each.members],
                "error": each.error,
                "standard_error": each.standard_error,
                "selected": index == search.selected,
            }
            for index, each in enumerate(search.trials)
        ]
        return pl.DataFrame(rows, schema_overrides={"metamodel": pl.String})

    def dropped(self) -> dict[str, str]:
        """The members without which it was rendered, by their names, with the error of each."""
        if self.result is None:
            raise self._not_rendered()
        items = self.items()
        labels = self.labels(items)
        return {labels[item.id]: item.dropped for item in items if item.dropped is not None}

    def _no_weights(self) -> str:
        results = [item.rendered_result() for item in self.items()]
        levels = [own.quantile_weights for own in results if own.quantile_weights]
        if levels:
            known = ", ".join(map(str, levels[0]))
            return f"{self} has weights for the quantiles {known}. Read weights(step=…, quantile=…)."
        steps = [own.step_weights for own in results if own.step_weights]
        if steps:
            known = ", ".join(map(str, steps[0]))
            return f"The weights of {self} differ by step; it has the steps {known}. Read weights(step=…)."
        if any(name.startswith("weight_") for name in self.data_csv.columns):
            return f"The weights of {self} differ by row. Read the columns weight_… of its table()."
        if any(own.weight is not None for own in results):
            return f"The weights of {self} are the same for all steps. Read weights()."
        by = f"its metamodel {self.metamodel}" if self.metamodel else f"the method {self.method!r}"
        return f"{self} has no weights: {by} does not combine members by weights. Read its forecasts instead."

    def metrics(self) -> dict[str, Any]:
        """Errors on every part: `{part: {"members": {name: {"mse", "rmse", …}}, "ensemble": {…}}}`."""
        items = self.items()
        result, labels = self.rendered_result(items), self.labels(items)
        return {part: own.to_json(labels.__getitem__) for part, own in result.metrics.items()}

    def mark(self) -> str:
        """`held-out`, `out-of-fold` or `in-sample`: relation of the rows it was fitted on to the members' train rows."""
        return self.rendered_result().mark

    def claims(self) -> dict[str, list[str]]:
        """The claims that the mark rests on, by the names of the members; empty if the store knows all of it itself.

        `trained_on`: the object was not trained here, or what it was trained on before is not known. `forecasts: <part>`:
        they were not made here by the present object, or not by `entrainer.backtest` where they are `out_of_fold`.

        Raises:
            NotFoundError: the ensemble was not rendered.
        """
        from enstorage.views.claims import claims

        return claims(self)

    def shown_mark(self) -> str:
        """The mark as it is shown: `held-out, claimed` where it rests on claims; see also `measured_rows_known`."""
        from enstorage.views.warnings import shown_mark

        return shown_mark(self)

    def measured_rows_known(self) -> bool:
        """False if a preparation of an earlier version filled rows under it: errors and weights then count these as true."""
        from enstorage.views.measured import filled_unknown

        return not filled_unknown(self)

    def diagnosis(self) -> dict[str, Any]:
        """The diagnosis of its members; see `endirector.diagnose`, which computes it.

        Raises:
            NotFoundError: the ensemble was not diagnosed since it was rendered, or was not rendered.
        """
        found = self.rendered_result().diagnosis
        if found is None:
            raise NotFoundError(f"{self} was not diagnosed since it was rendered. Call endirector.diagnose(ensemble).")
        return found.to_json(self.labels().__getitem__)

    def intervals(self) -> "pl.DataFrame":
        """Width of its intervals and their coverage of the test rows, computed by `endirector.calibrate`.

        Returns:
            A row for each step and level: `step`, `level`, `side`, `basis` and `rows` (residuals they rest on),
            `calibrated_on` (`held-out` or `out-of-fold` rows), `lower`, `upper` and `width` (source units; null without
            that end), `floor`, `coverage` (share of the test rows inside, null without any), `test_rows`.

        Raises:
            NotFoundError: the ensemble was not rendered, or has no intervals.
        """
        import polars as pl

        kept = self.rendered_result().intervals
        if kept is None:
            raise NotFoundError(f"{self} has no intervals. Make them with endirector.calibrate(ensemble).")
        return pl.DataFrame(kept, infer_schema_length=None)

    def forecasts(self, part: str | None = None) -> "pl.DataFrame":
        """The forecasts of the ensemble for a part, by default for all; columns as in `Model.forecasts`."""
        return Forecast.read(self, part)

    def table(self) -> "pl.DataFrame":
        """All common targets: `series`, `id`, `step`, `part`, `fitted`, `truth`, `member_<key of the item>` …, `ensemble`.

        An ensemble that was fitted on out-of-fold forecasts also has them, as `out_of_fold_<key>` …; an ensemble whose
        weights differ by row has `weight_<key>` ….
        """
        return self.data_csv.table()

    def staleness(self) -> list[str]:
        """Changes since it was rendered, in sentences: members that were trained again, data that was written later.

        Only stored facts are read. `source.check_snapshots()` compares the points of a source with its snapshots. The
        list is empty if nothing changed.

        Raises:
            NotFoundError: the ensemble was not rendered.
        """
        from enstorage.views.staleness import staleness

        if self.result is None:
            raise self._not_rendered()
        return staleness(self)

    def warnings(self) -> list[str]:
        """Reasons not to trust its errors, in sentences; empty if there are none.

        The reasons are members that could see later values, test rows that a member was trained on, signs of a leak, claims
        that the mark rests on, filled rows that may count as measured, and the changes that `staleness` lists.

        Raises:
            NotFoundError: the ensemble was not rendered.
        """
        from enstorage.views.warnings import warnings_of

        return warnings_of(self)

    def remarks(self) -> list[str]:
        """Sentences on what too few rows did not allow: fewer folds, steps that take the weights of others, a simple choice.

        Also, how far apart the best trial and the best mean or median of members were, if `endirector.form` selected it.
        """
        from enstorage.views.remarks import remarks_of

        return remarks_of(self)

    def load_metamodel(self) -> Any:
        """The fitted metamodel.

        Raises:
            NotFoundError: the ensemble was not rendered, its method has none, or no format stores it as data.
        """
        from enstorage.formats.base import load

        if self.object_sha256 is None or self.object_format is None:
            if self.metamodel is not None and self.result is not None:
                raise NotFoundError(
                    f"The {self.metamodel} of {self} is not stored, since no format stores it as data; it is fitted again "
                    "on each use. endirector.what_if(ensemble).metamodel fits it and returns it."
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

    def _not_rendered(self) -> NotFoundError:
        return NotFoundError(f"{self} was not rendered yet. Call endirector.Conductor(ensemble).render().")

    def _after_delete(self, session: "Session") -> None:
        if self.data_csv_id is not None:
            session.execute(delete(DataCsv).where(DataCsv.id == self.data_csv_id))
