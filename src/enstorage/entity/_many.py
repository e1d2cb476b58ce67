"""Many sources at once: points, snapshots and preparations of thousands of series in seconds instead of minutes."""

import warnings
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TypeVar

from enstorage.entity._record import Record
from enstorage.entity._rows import SnapshotEnds
from enstorage.entity._saving import save_all
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.errors import InvalidInputError
from enstorage.preparation.clean import parse_clean
from enstorage.preparation.split import check_parts, part_sizes, rest_of
from enstorage.progress import Progress, listening

if TYPE_CHECKING:
    from enstorage.series.base import Points

R = TypeVar("R", bound=Record)
_ALL_TRAIN = (1.0, 0.0, 0.0)
_SHOWN = 5


def write_all(
    sources: Iterable[DataSource],
    points: Iterable[tuple[Any, Any]],
    *,
    time_unit: str | None = None,
    progress: bool | Progress = False,
) -> int:
    """Store points of many sources; new sources are saved with them.

    Args:
        sources: of one store, each once.
        points: for each source, in the same order, times and values as `DataSource.write` takes them.
        time_unit: of times that are numbers, see `DataSource.write`.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        Number of points written.

    Raises:
        CancelledError: the progress function asked to stop; nothing was written then.
        InvalidInputError: the numbers of sources and of pairs of points differ, or `DataSource.write` would refuse
            points; nothing was written then.
    """
    from enstorage.sources.points import as_points

    given, each = _of_one_store(sources, DataSource), list(points)
    if len(given) != len(each):
        raise InvalidInputError(
            f"There are {len(given)} sources and points of {len(each)}; expected the same number. Give a pair of times and "
            "values for each source."
        )
    if not given:
        return 0
    checked: list[Points] = []
    with listening(progress) as report:
        for done, (source, (times, values)) in enumerate(zip(given, each, strict=True)):
            report("Checking points", done, len(given))
            try:
                checked.append(as_points(times, values, source.clock, time_unit))
            except InvalidInputError as error:
                raise InvalidInputError(f"The points of {source} cannot be written: {error}") from error
        report("Storing points", len(given), len(given))
    connector = given[0].connector
    # New sources are stored with their points or not at all.
    with connector.transaction():
        save_all(given)
        connector.series.append_many([(source.id, *pair) for source, pair in zip(given, checked, strict=True)])
    return sum(len(times) for times, _ in checked)


def create_snapshots(
    sources: Iterable[DataSource],
    description: str = "",
    *,
    whole_period: bool = False,
    keep_partial: bool = False,
    progress: bool | Progress = False,
) -> list[DataSnapshot]:
    """Make snapshots of many sources at one moment, as `DataSource.create_snapshot` does for each; all or none.

    Args:
        sources: of one store, each once; new ones are saved.
        description: free text, of each snapshot.
        whole_period: as in `DataSource.create_snapshot`.
        keep_partial: as in `DataSource.create_snapshot`.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; nothing was stored then.
        InvalidInputError: a source has no points in its period; the message names it.
    """
    given = _of_one_store(sources, DataSource)
    if not given:
        return []
    connector = given[0].connector
    with listening(progress) as report, connector.all_or_nothing():
        report("Reading points", 0, 2 * len(given))
        # New sources are stored with their snapshots or not at all.
        with connector.transaction() if any(source._is_new for source in given) else nullcontext():
            ends = SnapshotEnds(whole_period, keep_partial)
            return DataSnapshot.take_all(save_all(given), description, report, ends=ends)


def create_preparations(
    snapshots: Iterable[DataSnapshot],
    clean_method: str = "drop",
    transform_method: str = "none",
    train_part: float = 0.7,
    valid_part: float = 0.0,
    test_part: float | None = None,
    *,
    split: str = "time",
    seed: int = 0,
    description: str = "",
    progress: bool | Progress = False,
) -> list[DataPreparation]:
    """Prepare many snapshots with the same methods, each fitted and split separately; all or none.

    A series that has too few rows for every part beside longer ones is prepared with a `train_part` of 1: models may learn
    from it and forecast it, and no error counts it. A warning names such series.

    Args:
        snapshots: of one store.
        clean_method: this and the other arguments as in `DataPreparation`.
        transform_method: fitted on the train rows of each.
        train_part: share of the rows of each.
        valid_part: share of the rows of each.
        test_part: share of the rows of each.
        split: `time` or `random`.
        seed: seed of the random split.
        description: free text, of each preparation.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; nothing was stored then.
        InvalidInputError: a snapshot cannot be prepared in this way, or none has a row for every part; the message names
            the first.
    """
    given = _of_one_store(snapshots, DataSnapshot)
    if not given:
        return []
    stored = [each for each in given if not each._is_new]  # `Panel.create_preparations` gives new ones
    tables = DataCsv.get_list([each.data_csv_id for each in stored], connector=given[0].connector)
    for each, data_csv in zip(stored, tables, strict=True):
        each.__dict__["_csv"] = data_csv
    parts = (train_part, valid_part, rest_of(train_part, valid_part) if test_part is None else test_part)
    check_parts(*parts, split, seed)
    short = _too_short(given, clean_method, parts)
    preparations = [
        DataPreparation(
            data_snapshot=snapshot,
            clean_method=clean_method,
            transform_method=transform_method,
            train_part=own[0],
            valid_part=own[1],
            test_part=own[2],
            split=split,
            seed=seed,
            description=description,
        )
        for number, snapshot in enumerate(given)
        for own in [_ALL_TRAIN if number in short else parts]
    ]
    with listening(progress) as report, given[0].connector.all_or_nothing():
        made = DataPreparation.prepare_all(preparations, report)
    if short:
        names = ", ".join(str(given[number].data_source) for number in short[:_SHOWN])
        more = f" and {len(short) - _SHOWN} more" if len(short) > _SHOWN else ""
        warnings.warn(
            f"{len(short)} of {len(given)} series have too few rows for every part, so all their rows are train rows and no "
            f"error counts them: {names}{more}. To have them judged, take a longer period or other parts.",
            stacklevel=2,
        )
    return made


def _too_short(snapshots: Sequence[DataSnapshot], clean_method: str, parts: tuple[float, float, float]) -> list[int]:
    """The places of the snapshots with too few rows for every part; none if all are: then the parts should be others."""
    clean = parse_clean(clean_method)
    short = []
    for number, each in enumerate(snapshots):
        sizes = part_sizes(int(clean.kept_rows(each.read()[1]).sum()), *parts)
        if any(share > 0 and not size for share, size in zip(parts, sizes, strict=True)):
            short.append(number)
    return short if len(short) < len(snapshots) else []


def _of_one_store(records: Iterable[R], kind: type[R]) -> list[R]:
    given = list(records)
    for each in given:
        if not isinstance(each, kind):
            raise InvalidInputError(f"{each!r:.80} is not a {kind.__name__}. Give a list of these.")
        if each.connector is not given[0].connector:
            raise InvalidInputError(
                f"{given[0]} and {each} are of different stores; expected records of one store. Call it once for each store."
            )
    if len({id(each) for each in given}) < len(given):
        raise InvalidInputError(f"A {kind.__name__} was given twice; expected each once. Leave the repeated one out.")
    return given
