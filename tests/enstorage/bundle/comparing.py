"""What two stores have in common, whatever ids they gave."""

from sqlalchemy import select

from enstorage import DataCsv
from enstorage.entity import ENTITIES, ORIGIN

# Columns that hold ids or versions of this store, or bytes that are made anew.
_OWN = {"id", "local_ids", "result", "data", "series_version"}


def contents(connector):
    """All records by entity, without their ids."""
    found = {}
    with connector.database.reading() as session:
        for entity in ENTITIES:
            columns = [each for each in entity.__table__.columns if not each.foreign_keys and each.key not in _OWN]
            found[entity.__name__] = sorted(map(repr, session.execute(select(*columns))))
    return found


def hashes(connector):
    """The hashes of the bytes of all tables."""
    return sorted(csv.sha256 for csv in DataCsv.get_list(connector=connector))


def origins(connector):
    """Entity, store there and id there of all records that came in a bundle."""
    with connector.database.reading() as session:
        return sorted(tuple(row) for row in session.execute(select(ORIGIN.c.entity, ORIGIN.c.store, ORIGIN.c.id_there)))
