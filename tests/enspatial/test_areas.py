"""Areas: four numbers that are checked, also across the antimeridian."""

import pytest

from enspatial import Area
from enstorage.errors import InvalidInputError


def test_an_area_is_read_from_numbers_texts_and_geojson():
    box = {"type": "Polygon", "coordinates": [[[44.1, 53.9], [44.3, 53.9], [44.3, 54.1], [44.1, 54.1], [44.1, 53.9]]]}
    expected = Area(44.1, 53.9, 44.3, 54.1)
    assert [Area.read(each) for each in ([44.1, 53.9, 44.3, 54.1], "44.1, 53.9 44.3 54.1", box, expected)] == [
        expected
    ] * 4
    assert Area.read({"type": "Feature", "geometry": box}) == expected
    assert str(expected) == "44.1 53.9 44.3 54.1"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((181, 0, 1, 1), "west of the area is 181; expected -180 to 180"),
        ((0, -91, 1, 1), "south of the area is -91; expected -90 to 90"),
        ((0, 1, 1, 0), "is empty; expected south below north"),
        ((1, 0, 1, 1), "is empty"),
        ((float("nan"), 0, 1, 1), "west of the area is nan; expected degrees"),
        ((True, 0, 1, 1), "west of the area is True"),
    ],
)
def test_numbers_that_are_no_area_are_refused(numbers, message):
    with pytest.raises(InvalidInputError, match=message):
        Area(*numbers)


@pytest.mark.parametrize("text", ["1 2 3", "a b c d", "", {"type": "Polygon"}, {"type": "Point", "coordinates": "x"}])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidInputError, match="cannot be read; expected"):
        Area.read(text)


def test_an_area_across_the_antimeridian_has_two_parts():
    area = Area(179, -10, -179, 10)
    assert area.crosses_antimeridian
    assert area.parts == ((179, -10, 180.0, 10), (-180.0, -10, -179, 10))
    assert area.covered_by((179, -10, 180, 10)) == 0.5
    assert area.covered_by((0, -10, 10, 10)) == 0
    assert Area(0, 0, 2, 2).covered_by((0, 0, 1, 1)) == 0.25
