"""Gathering evidence: the forecasts that members have now, the targets that all share, and the members that fail."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import polars as pl

from endirector.alignment.align import KEY, Alignment, MemberForecasts, align
from endirector.combination.cross_fit import cross_fitted
from endirector.combination.evidence import Evidence, targets_of, with_features
from endirector.combination.recipe import CombinationRecipe, recipe_of
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
from enstorage import Ensemble, Forecast, Model
from enstorage.entity._labels import label_at
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_targets
from enstorage.errors import CancelledError, InvalidInputError, MissingLibraryError, StoreError
from enstorage.preparation.split import Part


@dataclass(frozen=True, slots=True)
class Gathered:
    """Members with their common targets.

    Attributes:
        members: those that take part.
        dropped: the error of each of the others, by the ids of their items.
        alignment: the common targets of all parts.
        evidence: the same, as the method sees it.
        folds: the common out-of-fold targets; None unless the recipe is fitted on them.
        recipe: for the members that take part.
    """

    members: tuple[Member, ...]
    dropped: dict[int, str]
    alignment: Alignment
    evidence: Evidence
    folds: tuple[Alignment, Evidence] | None
    recipe: CombinationRecipe


def gather(
    members: Sequence[Member],
    recipe: CombinationRecipe,
    *,
    strict: bool = False,
    report: Callable[[int, str], None] = lambda _place, _name: None,
) -> Gathered:
    """Read the forecasts of the members, and intersect their targets.

    Args:
        members: all.
        recipe: for all of them.
        strict: raise an error if a member fails; by default it is left out.
        report: called with the place and the name of each member before its forecasts are read.

    Raises:
        InvalidInputError: no member can take part, there is no common target, targets or units differ, or an out-of-fold
            target is a test row.
    """
    _refuse_unrendered(members)
    present: list[Member] = []
    forecasts: list[MemberForecasts] = []
    failed: dict[str, str] = {}
    dropped: dict[int, str] = {}
    for place, member in enumerate(members):
        report(place, member.name)
        try:
            forecasts.append(_forecasts_of(member))
        except (StoreError, MissingLibraryError, MemoryError, CancelledError):  # not the member's fault
            raise
        except Exception as error:
            if strict:
                raise InvalidInputError(
                    f"The member {member.name} cannot take part: {_one_line(error)} Repair it, leave it out, or render with "
                    "strict=False, which leaves it out."
                ) from error
            failed[member.name] = _one_line(error)
            if member.item_id is not None:
                dropped[member.item_id] = _without_name(_one_line(error), member)
        else:
            present.append(member)
    if not present:
        reasons = " ".join(f"{name}: {reason}" for name, reason in failed.items())
        raise InvalidInputError(f"None of the members can take part. {reasons}")
    alignment = align(forecasts)
    if failed:
        recipe = recipe.of_members([place for place, member in enumerate(members) if member in present])
    alignment, evidence = _as_evidence(alignment, present, recipe)
    folds = out_of_fold(present, recipe) if recipe.wants_out_of_fold else None
    return Gathered(tuple(present), dropped, alignment, evidence, folds, recipe)


def out_of_fold(members: Sequence[Member], recipe: CombinationRecipe) -> tuple[Alignment, Evidence]:
    """The common out-of-fold targets of the members, all of which have such forecasts.

    Raises:
        InvalidInputError: there is no common target, or one is a test row.
    """
    latest = pl.concat([parts_of(model) for model in models_in(members)]).group_by(TARGET).agg(pl.col("part").max())
    forecasts = [
        MemberForecasts(member.name, _folds_of(member, latest), member.offset(), _label_of(member))
        for member in members
    ]
    alignment = align(forecasts, "out-of-fold ")
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
    alignment: Alignment, members: Sequence[Member], recipe: CombinationRecipe, *, out_of_fold: bool = False
) -> tuple[Alignment, Evidence]:
    models = models_in(members)
    refuse_mixed_units(alignment.keys, models)
    lag, window = recipe.method.window_lag(longest_lag(models)), None
    if lag is not None:
        window, known = windows_before(alignment.keys, models, lag)
        alignment, window = alignment.only(known), window[known]
    step, targets = alignment.keys["step"].to_numpy(), targets_of(alignment.keys, models)
    rows = Rows(alignment.forecasts, step, window, targets)
    if recipe.method.sees_features:
        rows = with_features(rows, models)
    quantiles = common_quantiles(members, alignment.keys, out_of_fold=out_of_fold)
    return alignment, Evidence(alignment.keys, alignment.part, alignment.truth, rows, quantiles)


def _forecasts_of(member: Member) -> MemberForecasts:
    """The forecasts of a member for all parts, with the truth that it knows.

    Raises:
        NotFoundError: a model has neither forecasts nor an object and a data set to make them.
    """
    entity = member.entity
    if isinstance(entity, Ensemble):
        table = entity.table().drop_nulls("ensemble").select(*KEY, "part", "truth", value="ensemble")
    else:
        codes = {part.label: part for part in Part}
        part = pl.col("part").replace_strict(codes, return_dtype=pl.Int8)
        table = _with_truth(entity, _up_to_date(entity).with_columns(part))
    return MemberForecasts(member.name, table, member.offset(), _label_of(member))


def _label_of(member: Member) -> Callable[[int, int], str]:
    return partial(label_at, member.entity.connector)


def _folds_of(member: Member, latest: pl.DataFrame) -> pl.DataFrame:
    """The out-of-fold forecasts of a member, as `_forecasts_of` gives those of the parts.

    Those of an ensemble are made of the out-of-fold forecasts of its own members, by its method as fitted on earlier rows
    only; the parts of its members' targets, `latest`, are known to it already.
    """
    entity = member.entity
    if isinstance(entity, Model):
        rows = entity.forecasts(OUT_OF_FOLD).drop("part").join(latest, on=TARGET, how="left", maintain_order="left")
        return _with_truth(entity, rows.with_columns(pl.col("part").fill_null(0)))
    recipe = recipe_of(entity)
    _, evidence = out_of_fold(living_members(entity), recipe)
    rows = evidence.keys.with_columns(
        pl.Series("part", evidence.part),
        pl.Series("truth", evidence.truth),
        pl.Series("value", cross_fitted(recipe, evidence)),
    )
    return rows.drop_nans("value")


def _with_truth(model: Model, forecasts: pl.DataFrame) -> pl.DataFrame:
    table = forecasts.filter(pl.col("quantile").is_null()).select("series", "id", "step", "value", "part")
    known = known_targets(model).drop("part").drop_nulls("truth")
    return table.join(known, on=[name for name in KEY if name in known.columns], how="left", maintain_order="left")


@contextmanager
def no_new_forecasts(members: Sequence[Member]) -> Iterator[None]:
    """On an error in the block, delete the forecasts it stored for models that had none, see `_up_to_date`.

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


def _without_name(message: str, member: Member) -> str:
    """A message without the name of the member, which may be renamed."""
    text = message.replace(str(member.entity), "it")
    return text[:1].upper() + text[1:]


def _one_line(error: Exception) -> str:
    """The message of an error, in one line that ends as a sentence."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line if line.endswith((".", "!", "?")) else f"{line}."
