"""Where members meet: what each brings, the targets that all share, and who could not come."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl

from endirector.alignment.align import KEY, Alignment, MemberForecasts, align
from endirector.combination.combine import Evidence, Recipe, cross_fitted
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import (
    TARGET,
    Member,
    living_members,
    models_in,
    parts_of,
    refuse_mixed_units,
    refuse_test_rows,
)
from endirector.members.quantiles import common_quantiles
from endirector.methods.base import Rows
from enstorage import Ensemble, Forecast, Model, plugins
from enstorage.entity.ensemble_columns import METHODS
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_targets
from enstorage.errors import CancelledError, InvalidInputError, MissingLibraryError, StoreError
from enstorage.preparation.split import PARTS


@dataclass(frozen=True, slots=True)
class Meeting:
    """Members with what they share.

    Attributes:
        members: those who came.
        dropped: why the others could not, by name.
        alignment: the common targets of all parts.
        evidence: the same, as it is combined.
        folds: the common out-of-fold targets; None unless the recipe is fitted on them.
        recipe: how those who came are combined.
    """

    members: tuple[Member, ...]
    dropped: dict[str, str]
    alignment: Alignment
    evidence: Evidence
    folds: tuple[Alignment, Evidence] | None
    recipe: Recipe


def recipe_of(ensemble: Ensemble) -> Recipe:
    """How the ensemble combines its members.

    Raises:
        InvalidInputError: its method is not installed.
    """
    method = plugins.load(METHODS, ensemble.method, "method")()
    return Recipe(method, method.with_defaults(ensemble.parameters), ensemble.metamodel, ensemble.fit_on)


def asked_recipe(
    method: str,
    metamodel: object,
    parameters: Mapping[str, Any],
    names: Sequence[str],
    classes: int | None,
    fit_on: str | None = None,
) -> Recipe:
    """How members are to be combined, as `Project.create_ensemble` is told; checked as there.

    Raises:
        InvalidInputError: see `Method.check`, or the method is unknown.
    """
    kind = plugins.load(METHODS, method, "method")
    name, told = kind.check(metamodel, parameters, names, classes)
    return Recipe(kind(), told, name, fit_on)


def meet(
    members: Sequence[Member],
    recipe: Recipe,
    *,
    strict: bool = False,
    tell: Callable[[int, str], None] = lambda _place, _name: None,
) -> Meeting:
    """Gather what the members bring and intersect it.

    Args:
        members: all.
        recipe: how they are to be combined.
        strict: refuse where a member fails; by default the others meet without it.
        tell: is called with the place and the name of each member before it is asked.

    Raises:
        InvalidInputError: no member can come, there is no common target, targets or units differ, or an out-of-fold target
            is a test row.
    """
    _refuse_unrendered(members)
    came: list[Member] = []
    brought: list[MemberForecasts] = []
    dropped: dict[str, str] = {}
    for place, member in enumerate(members):
        tell(place, member.name)
        try:
            brought.append(_bring(member))
        except (StoreError, MissingLibraryError, MemoryError, CancelledError):  # nothing is wrong with the member
            raise
        except Exception as error:
            if strict:
                raise InvalidInputError(
                    f"The member {member.name} cannot take part: {_told(error)} Mend it, leave it out, or render with "
                    "strict=False, which does."
                ) from error
            dropped[member.name] = _told(error)
        else:
            came.append(member)
    if not came:
        reasons = " ".join(f"{name}: {reason}" for name, reason in dropped.items())
        raise InvalidInputError(f"None of the members can take part. {reasons}")
    alignment = align(brought)
    if dropped:
        recipe = recipe.of_members([place for place, member in enumerate(members) if member in came])
    alignment, evidence = _as_evidence(alignment, came, recipe)
    folds = out_of_fold(came, recipe) if recipe.wants_out_of_fold else None
    return Meeting(tuple(came), dropped, alignment, evidence, folds, recipe)


def out_of_fold(members: Sequence[Member], recipe: Recipe) -> tuple[Alignment, Evidence]:
    """Where the members' out-of-fold forecasts meet; all have some.

    Raises:
        InvalidInputError: there is no common target, or one is a test row.
    """
    latest = pl.concat([parts_of(model) for model in models_in(members)]).group_by(TARGET).agg(pl.col("part").max())
    brought = [MemberForecasts(member.name, _folds_of(member, latest), member.offset()) for member in members]
    alignment = align(brought, "out-of-fold ")
    refuse_test_rows(alignment.keys, members)
    return _as_evidence(alignment, members, recipe, out_of_fold=True)


def _refuse_unrendered(members: Sequence[Member]) -> None:
    waiting = [
        member.name for member in members if isinstance(member.entity, Ensemble) and member.entity.result is None
    ]
    if waiting:
        raise InvalidInputError(
            f"{', '.join(waiting)} among the members was not rendered yet, so it has no forecasts. Render it first: "
            "endirector.Conductor(ensemble).render()."
        )


def _as_evidence(
    alignment: Alignment, members: Sequence[Member], recipe: Recipe, *, out_of_fold: bool = False
) -> tuple[Alignment, Evidence]:
    models = models_in(members)
    refuse_mixed_units(alignment.keys, models)
    lag, window = recipe.method.window_lag(recipe.parameters, longest_lag(models)), None
    if lag is not None:
        window, known = windows_before(alignment.keys, models, lag)
        alignment, window = alignment.only(known), window[known]
    rows = Rows(alignment.forecasts, alignment.keys["step"].to_numpy(), window)
    quantiles = common_quantiles(members, alignment.keys, out_of_fold=out_of_fold)
    return alignment, Evidence(alignment.keys, alignment.part, alignment.truth, rows, quantiles)


def _bring(member: Member) -> MemberForecasts:
    """The forecasts of a member for all parts with the truth that it knows.

    Raises:
        NotFoundError: a model has neither forecasts nor an object and a data set to make them.
    """
    entity = member.entity
    if isinstance(entity, Ensemble):
        table = entity.table().drop_nulls("ensemble").select(*KEY, "part", "truth", value="ensemble")
    else:
        codes = {name: code for code, name in enumerate(PARTS)}
        part = pl.col("part").replace_strict(codes, return_dtype=pl.Int8)
        table = _with_truth(entity, _up_to_date(entity).with_columns(part))
    return MemberForecasts(member.name, table, member.offset())


def _folds_of(member: Member, latest: pl.DataFrame) -> pl.DataFrame:
    """The out-of-fold forecasts of a member, as `_bring` gives those of the parts.

    Those of an ensemble are what its method says to the out-of-fold forecasts of its own members, fitted only on what was
    before; the parts of its members' targets, `latest`, are known to it already.
    """
    entity = member.entity
    if isinstance(entity, Model):
        rows = entity.forecasts(OUT_OF_FOLD).drop("part").join(latest, on=TARGET, how="left", maintain_order="left")
        return _with_truth(entity, rows.with_columns(pl.col("part").fill_null(0)))
    recipe = recipe_of(entity)
    _, evidence = out_of_fold(living_members(entity), recipe)
    told = evidence.keys.with_columns(
        pl.Series("part", evidence.part),
        pl.Series("truth", evidence.truth),
        pl.Series("value", cross_fitted(recipe, evidence)),
    )
    return told.drop_nans("value")


def _with_truth(model: Model, forecasts: pl.DataFrame) -> pl.DataFrame:
    table = forecasts.filter(pl.col("quantile").is_null()).select("series", "id", "step", "value", "part")
    known = known_targets(model).drop("part").drop_nans("truth")
    return table.join(known, on=[name for name in KEY if name in known.columns], how="left", maintain_order="left")


@contextmanager
def no_new_forecasts(members: Sequence[Member]) -> Iterator[None]:
    """Where an error leaves the block, delete the forecasts that models without any were given in it, see `_up_to_date`.

    Outdated ones that were replaced stay replaced.
    """
    bare = [model for model in models_in(members) if _lacks(model) and not _parts(model)]
    try:
        yield
    except BaseException:
        for each in (each for model in bare for each in _parts(model)):
            each.delete()
        raise


def _parts(model: Model) -> list[Forecast]:
    return [each for each in Forecast.of(model) if each.part != OUT_OF_FOLD]


def _lacks(model: Model) -> bool:
    return model.object_sha256 is not None and model.data_set_id is not None and not model.has_forecasts()


def _up_to_date(model: Model) -> pl.DataFrame:
    if _lacks(model):
        from entrainer import predict

        predict(model)
    return model.forecasts()


def _told(error: Exception) -> str:
    """What went wrong, in one line that ends as a sentence."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if line.endswith((".", "!", "?")) else f"{line}."
