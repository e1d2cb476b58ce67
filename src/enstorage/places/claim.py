"""Whose points and objects a place holds.

Points are known by the ids of their database, and what no row of a database refers to is freed. So a place belongs to one
database: the first that opens it leaves its id there, and any other is refused.
"""

from enstorage.errors import StoreError


def check_claim(place: object, holder: str | None, store_id: str) -> None:
    """Refuse a place that belongs to another database.

    Args:
        place: as it may be shown.
        holder: the id that was found there.
        store_id: the id of the database that opens it.

    Raises:
        StoreError: the two differ.
    """
    if holder != store_id:
        raise StoreError(
            f"{place} belongs to the database with the id {holder}; this one has the id {store_id}. Two databases in one "
            "place would take each other's points and objects for their own. Open it with the database it belongs to, or "
            "choose another place. Nothing was changed."
        )
