"""What the product notices of a damaged database: `check`, `gc`, and those who read."""

from datetime import timedelta

import pytest

import enstorage
from enstorage import DataCsv, DataSource, Forecast, Model, Project
from enstorage.errors import CorruptError, NotFoundError

#: Each gives something in a filled store.
READERS = [
    Project.get_list,
    DataSource.get_list,
    DataCsv.count,
    lambda: Project.get(1).researches(),
    lambda: Model.get(1).metas(),
    lambda: Model.get(1).forecasts(),
    Forecast.get_list,
    lambda: Model.find("meta.loss < 1"),
]


def outcome(open_store, readers=READERS):
    """Whether damage was found, whether `gc` freed something, and what came of each reader: an error or its answer.

    Args:
        open_store: gives the connector.
        readers: are asked for records.
    """
    try:
        connector = open_store()
    except CorruptError as error:
        return True, False, [error]
    with connector:
        found = bool(enstorage.check())
        objects = sorted(connector.objects.hashes())
        if found:
            with pytest.raises(CorruptError, match=r"Nothing was (freed|changed)"):
                enstorage.gc(delete=True, grace=timedelta(0))
        freed = sorted(connector.objects.hashes()) != objects
        answers = []
        for read in readers:
            try:
                answers.append(repr(read()))
            except (CorruptError, NotFoundError) as error:
                answers.append(error)
    connector.close()
    return found, freed, answers
