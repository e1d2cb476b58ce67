"""`AutoForecast`: the result of `autoforecast`."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl

from endirector.forecaster.code import code_of
from endirector.forecaster.group import ForecastRequest, Group
from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from endirector.forecaster.hierarchy.reconcile import reconciled
from endirector.forecaster.issued.adjust import adjusted_table
from endirector.forecaster.issued.history import history_of, scores_of
from endirector.forecaster.issued.keep import ISSUED, issue, latest, table_of
from endirector.forecaster.issued.state import parts_from_json, to_json
from endirector.forecaster.results.as_json import as_json
from endirector.forecaster.results.backtested import BOARD, BY_SERIES, ENSEMBLE, Backtest, backtest_of
from endirector.forecaster.results.contributed import contributed, contributed_by_covariates
from endirector.forecaster.results.coverage import TriedIntervals, name_of, tried_intervals
from endirector.forecaster.understanding.stored import StoredCovariates
from endirector.forecaster.updating.update import updated
from enstorage import DataSnapshot, Ensemble, Model, Panel
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.progress import Progress, listening

if TYPE_CHECKING:
    from endirector.reporting.report import Report


@dataclass(frozen=True, kw_only=True)
class AutoForecast:
    """Forecasts of the series of a table, and all that they were made with.

    Attributes:
        panel: the sources, one for each series.
        groups: the series by length, each with its ensemble, the largest group first.
        remarks: what was found and chosen, one sentence each.
        request: the metric, levels and seed that were asked for, and the form of the table.
        snapshots: the states that were forecast from, by key.
        covariates: of the series, with a panel for each.
        hierarchy: of the series, whose sums are series of the panel too; None for none.
        arrived: of an update the rows that came, else None; see `update`.
        issued: the model that keeps the forecast as it was said.
        adjusted: the forecasts with adjusted values, as `table`; None where nobody adjusted them.
    """

    panel: Panel
    groups: Sequence[Group]
    remarks: Sequence[str]
    request: ForecastRequest
    snapshots: Mapping[str, DataSnapshot]
    covariates: StoredCovariates
    hierarchy: Hierarchy | None = None
    arrived: pl.DataFrame | None = None
    issued: Model | None = None
    adjusted: pl.DataFrame | None = None
    _folder: TemporaryDirectory[str] | None = field(default=None, repr=False)  # removed with the result

    @cached_property
    def table(self) -> pl.DataFrame:
        """The forecasts, series by series.

        Columns `series` (key), `time` (ISO 8601), `step` (from 1), `quantile` (null: the point forecast) and `value`
        (units of the source).
        """
        order = pl.DataFrame({"series": [*self.panel.sources()]}).with_row_index("place")
        if self.adjusted is not None:
            return self.adjusted
        joined = pl.concat([group.table for group in self.groups]).join(order, on="series", maintain_order="left")
        table = joined.sort("place", "step", "quantile", maintain_order=True).drop("place")
        return table if self.hierarchy is None else reconciled(table, self.hierarchy)

    @property
    def is_kept(self) -> bool:
        """False where the store is a temporary one, which lives as long as the result."""
        return self._folder is None

    @property
    def ensemble(self) -> Ensemble:
        """The stored ensemble of the largest group that has one; those of all are in `groups`.

        Raises:
            NotFoundError: all series, or the time limit, are too short for a model.
        """
        found = next((group.ensemble for group in self.groups if group.ensemble is not None), None)
        if found is None:
            raise NotFoundError(
                "There is no ensemble: all series are too short for a model at this horizon, or the time limit was, and "
                "their last value was kept. Take longer series, a shorter horizon, or more time."
            )
        return found

    @cached_property
    def backtests(self) -> list[Backtest | None]:
        """For each group the forecasts from rolling origins that it was judged by; None where nothing was judged."""
        return [backtest_of(group, self.panel) for group in self.groups]

    @property
    def error(self) -> float | None:
        """The error of the ensemble on rolling origins by the metric that was asked for; of several groups the largest.

        None where nothing could be judged.
        """
        found = [each.error(self.request.metric) for each in self.backtests if each is not None]
        return max((each for each in found if each is not None), default=None)

    @cached_property
    def tried(self) -> list[TriedIntervals | None]:
        """For each group the intervals of the ensemble, tried on the past; None where nothing was judged."""
        with self.panel.connector as connector, connector.database.remembering():
            return [
                None
                if backtest is None or group.ensemble is None
                else tried_intervals(backtest, group.ensemble, self.request.levels)
                for group, backtest in zip(self.groups, self.backtests, strict=True)
            ]

    @property
    def leaderboard(self) -> pl.DataFrame:
        """The errors of the members and of the ensemble of each group on rolling origins at the asked horizon.

        Returns:
            Columns `group` (name), `name`, `is_ensemble`, `is_combined` (by the ensemble), `rows` (judged targets, the same
            for all of a group), `mase`, `rmsse`, `mae`, `smape` (null without a value); of the ensemble alone `wql`, the
            weighted quantile loss of the ends of its intervals, and their coverage by level, such as `coverage_0.8`, each
            interval made of errors before its rows; and `seconds` (to train and judge; null for the ensemble). The best of
            each group comes first. What was tried to combine them is `ensemble.tried()`.
        """
        seconds = pl.DataFrame(schema={"group": pl.String, "name": pl.String, "seconds": pl.Float64})
        tables = [pl.DataFrame(schema={"group": pl.String, **BOARD})]
        names = ["wql", *map(name_of, self.request.levels)]
        scores = pl.DataFrame(schema={"group": pl.String, "name": pl.String, **dict.fromkeys(names, pl.Float64)})
        for group, backtest, tried in zip(self.groups, self.backtests, self.tried, strict=True):
            name = pl.lit(group.tier.name).alias("group")
            if tried is not None:
                scores.extend(
                    pl.DataFrame({"group": group.tier.name, "name": ENSEMBLE, **tried.scores()}, scores.schema)
                )
            if backtest is not None:
                tables.append(backtest.leaderboard().select(name, *BOARD))
                own = pl.DataFrame([*group.seconds.items()], schema=["name", "seconds"], orient="row")
                seconds.extend(own.select(name, pl.col("name").cast(pl.String), pl.col("seconds").cast(pl.Float64)))
        key = ["group", "name"]
        board = pl.concat(tables).join(scores, on=key, how="left", maintain_order="left")
        return board.join(seconds, on=key, how="left", maintain_order="left")

    @property
    def errors(self) -> pl.DataFrame:
        """The errors of the ensembles for each series on rolling origins.

        Returns:
            Columns `series`, `rows`, `mase`, `rmsse`, `mae`, `smape` and `bias` (mean of forecast minus truth); null without
            a value. No row for a series that was not judged.
        """
        known = [each.by_series() for each in self.backtests if each is not None]
        return pl.concat(known) if known else pl.DataFrame(schema=BY_SERIES)

    def contributions(self, keys: Collection[str] | None = None) -> pl.DataFrame:
        """Contributions of the members to each step, by their forecasts, which are computed again.

        Args:
            keys: of the series; by default all.

        Returns:
            Columns `series`, `time`, `step`, `member`, `value` (forecast of the member, units of the source), `weight` and
            `contribution`, whose sum is the forecast. `member` is also `last value` for a series without a model,
            `reconciliation` for what adding up a hierarchy changed, and `judgement` for what people did. Weights and
            contributions are null where the method is no weighted mean, see `endirector.contributions`.

        Raises:
            NotFoundError: a key is none of the panel.
        """
        with self.panel.connector:
            return contributed(self, keys)

    def covariate_contributions(self, keys: Collection[str] | None = None) -> pl.DataFrame:
        """Contributions of single covariates to each step, through the members that see them; these forecast again for it.

        The part of a covariate is the difference to the forecast that its member makes where this covariate is as usual: as
        in the mean of the rows that it learned from. Parts of several add up where the member is linear, as the ridge is.

        Args:
            keys: of the series; by default all.

        Returns:
            Columns `series`, `time`, `step`, `member`, `value` (part of the forecast of the member, units of the source),
            `weight` (of the member), `contribution` (weight times value: part of the forecast) and `covariate` (name). No
            rows where no member of the ensemble sees covariates.

        Raises:
            NotFoundError: a key is none of the panel.
        """
        with self.panel.connector:
            return contributed_by_covariates(self, keys)

    def to_json(
        self, keys: Collection[str] | None = None, *, tail: int = 60, contributions: bool = False
    ) -> dict[str, Any]:
        """The result as JSON, for pages and other programs.

        Args:
            keys: of the series to give; by default all.
            tail: number of last values of each series.
            contributions: whether what each member added is told too; the members forecast again for it.

        Returns:
            `panel`, `name`, `metric`, `levels`, `remarks`, `leaderboard` (its rows); `groups`, each with `name`, `series`
            (their number), `season`, `horizon`, `origins`, `project`, `remarks` and `ensemble`: null, or `id`, `name`,
            `mark`, `claims`, `metric` and `leaderboard`, the trials; and `series`, each with `key`, `group` (its place),
            `source`, `unit`, `time_interval`, `history` (`time`, `value`), `forecast` (`step`, `time`, `value`, `quantiles`
            by level), `errors` (those of `errors`; empty where nothing was judged), and, if asked for, `contributions`, each
            with `member`, `step`, `value`, `weight` and `contribution`, as `contributions` has them, and
            `covariate_contributions`, each with `covariate` too.

        Raises:
            NotFoundError: a key is none of the panel.
        """
        return as_json(self, keys, tail, contributions=contributions)

    def report(
        self,
        folder_or_file: str | os.PathLike[str] | None = None,
        *,
        language: str = "en",
        progress: bool | Progress = True,
    ) -> "Report":
        """Make a page about the forecasts: a chart of each series, the leaderboard, intervals, and what was chosen.

        The page is one file that loads nothing; its only script searches the series by their names. It shows at most 1,000
        series, the one with the best, the median and the worst error in large. `endirector.report(forecast.ensemble)` is the
        page about the ensemble itself.

        Args:
            folder_or_file: where to write the page, see `Report.save`; by default it is not written.
            language: `en` or `ru`.
            progress: show a bar, or a function, see `enstorage.Progress`.

        Raises:
            CancelledError: the progress function asked to stop; nothing was written.
            InvalidInputError: there are no pages in this language.
            MissingLibraryError: Jinja or Matplotlib is not installed.
        """
        from endirector.forecaster.page.page import page_of

        return page_of(self, folder_or_file, language, progress)

    def update(self, table: Any, *, progress: bool | Progress = True) -> "AutoForecast":
        """Forecast from the new end when rows have come, by the same fitted members and ensembles; nothing is trained.

        Weights of the method `online` move, by the forecasts that its members had made of the rows that came.

        The rows are written to the sources of the panel, where a value of a known time replaces it, and new snapshots are
        taken. `remarks` of the result tell the rows that came, how well the forecasts of this object met them, the series
        that drifted, and what is stale. A series has drifted if so few rows lie within its widest interval that this has a
        probability below 0.05, divided by the number of series, for rows that miss it independently at its level. Errors of
        steps from one origin often go together, so drift is named more often than that: it is a reason to look.

        Args:
            table: of the same form as that of `autoforecast`; its keys are those of the panel, not necessarily all of them.
            progress: show a bar, or a function, see `enstorage.Progress`.

        Returns:
            A new one; this one stays as it is. Its `arrived` has a row for each series: `series`, `new_rows`,
            `corrected_rows` (another value at a time that was known), `judged_rows` (new rows with a forecast), `mae` (units
            of the source), `mase`, for each level `inside_<level>` (number of judged rows within the interval), `p_value`
            and `has_drifted`; null where there is none.

        Raises:
            CancelledError: the progress function asked to stop; rows that were written stay, and may be given again.
            NotFoundError: a key is none of the panel; nothing was written then.
            InvalidInputError: the table cannot be read; nothing was written then.
        """
        with self.panel.connector, listening(progress) as report:
            found = updated(self, table, report)
            report("Forecast", 100, 100)
        updated_one = replace(
            self,
            groups=found.groups,
            remarks=found.remarks,
            snapshots=found.snapshots,
            arrived=found.arrived,
            adjusted=None,
        )
        return updated_one.issue()

    def issue(self, **facts: Any) -> "AutoForecast":
        """Keep the forecast as it is said now; `autoforecast`, `update` and `adjust` do it.

        Args:
            **facts: kept with it.
        """
        last = max(self.table["time"].to_list(), default="")
        facts = {"kind": "forecast", **facts, "state": to_json(self)}
        return replace(self, issued=issue(self.panel, self.table, f"Until {last}", facts))

    def adjust(self, key: str, values: Mapping[int, float], *, reason: str, author: str) -> "AutoForecast":
        """Set the forecasts of some steps of a series by judgement; the quantiles of these steps move with them.

        The original is kept, and both are compared with what comes: see `history` and `scores`.

        Args:
            key: of the series.
            values: by step, in units of the source.
            reason: why, as the history shows it.
            author: who.

        Raises:
            NotFoundError: there is no such series or step.
            InvalidInputError: a value is no finite number, or the reason or the author is empty.
        """
        if not (isinstance(reason, str) and reason.strip() and isinstance(author, str) and author.strip()):
            raise InvalidInputError(
                f"An adjusted forecast needs a reason and an author; received {reason!r:.60} and {author!r:.60}. Give both."
            )
        adjusted = replace(self, adjusted=adjusted_table(self.table, key, values))
        return adjusted.issue(kind="adjusted", reason=reason, author=author)

    def history(self) -> pl.DataFrame:
        """Forecasts that were said, with their time, against the values that came.

        Returns:
            The point forecasts of this panel that were issued, the oldest first: `issue` (id of the model that keeps it),
            `issued_at`, `kind` (`forecast` or `adjusted`), `author` and `reason` (of an adjusted one), `series`, `time`,
            `step`, `value`, and `truth`, the measured value as it is now; null where none came.
        """
        return history_of(self.panel)

    def scores(self) -> pl.DataFrame:
        """The errors of each forecast in `history` on the values that came.

        Returns:
            `issue`, `issued_at`, `kind`, `author`, `reason`, `rows`, `mae` and `bias` (units of the source, all series).
        """
        return scores_of(self.history())

    @classmethod
    def open(cls, panel: Panel) -> "AutoForecast":
        """The forecast of a panel that was issued last, as it was said, to be updated or shown.

        Args:
            panel: of its series, such as `Panel.get(1)`.

        Raises:
            NotFoundError: none was issued, or a record that it was made with is gone.
        """
        model = latest(panel)
        facts: dict[str, Any] = model.meta(ISSUED)
        table = table_of(panel, model)
        parts = parts_from_json(panel, facts["state"], table)
        return cls(panel=panel, issued=model, adjusted=table if facts["kind"] == "adjusted" else None, **parts)

    def code(self) -> str:
        """The same steps by hand, as a Python program for the store that is open."""
        return "\n\n".join(
            code_of(self.panel, group.tier, group.project.name, self.request)
            for group in self.groups
            if group.project is not None
        )
