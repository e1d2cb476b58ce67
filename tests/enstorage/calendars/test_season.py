"""The usual season of a calendar."""

import pytest

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.season import usual_season

SEASONS = {
    "1s": 3600,
    "10s": 360,
    "1m": 1440,
    "15m": 96,
    "30m": 48,
    "60m": 24,
    "1h": 24,
    "2h": 12,
    "5h": 24,
    "24h": 7,
    "36h": 14,
    "1d": 7,
    "2d": 7,
    "7d": 52,
    "10d": 1,
    "14d": 26,
    "1b": 5,
    "5b": 1,
    "1w": 52,
    "2w": 26,
    "4w": 13,
    "1mo": 12,
    "2mo": 6,
    "3mo": 4,
    "6mo": 2,
    "12mo": 1,
    "1q": 4,
    "2q": 2,
    "1y": 1,
    "5y": 1,
    "1sm": 24,
    "1dek": 36,
    "1mo445": 12,
    "1mo454": 12,
    "1mo544": 12,
    "1ms": 1,
    "1ns": 1,
    "step": 1,
    "year": 1,
}


@pytest.mark.parametrize(("interval", "season"), SEASONS.items())
def test_the_usual_season_of_an_interval(interval, season):
    assert usual_season(Calendar.parse(interval)) == season


@pytest.mark.parametrize("zone", ["UTC", "Europe/London"])
def test_the_season_is_the_same_in_every_zone(zone):
    assert [usual_season(Calendar.parse(each, time_zone=zone)) for each in ("1h", "1d", "1mo")] == [24, 7, 12]


def test_points_that_are_not_grouped_and_listed_periods_have_no_season():
    assert usual_season(None) == 1
    assert usual_season(Calendar.parse("1p", periods=["2024-01-05", "2024-02-09"])) == 1


def test_every_season_spans_whole_cycles():
    """n buckets of 2 h … 23 h are whole days, and no smaller number of buckets is."""
    for hours in range(1, 24):
        season = usual_season(Calendar(hours, "h"))
        whole = [count for count in range(1, season + 1) if count * hours % 24 == 0]
        assert whole == [season]
