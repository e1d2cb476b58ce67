import re
from xml.etree import ElementTree

import numpy as np
import pytest

from endirector.reporting.plots import (
    plot_bars,
    plot_correlations,
    plot_coverage,
    plot_coverage_by_step,
    plot_errors,
    plot_fan,
    plot_forecasts,
    plot_series,
    plot_spread,
    plot_weights,
    same_precision,
)
from enstorage.errors import InvalidInputError

pytestmark = pytest.mark.usefixtures("pictures_laid_out_exactly")

SVG = "{http://www.w3.org/2000/svg}"
YEARS = np.arange("1700", "2009", dtype="datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
VALUES = 50 + 40 * np.sin(np.arange(len(YEARS)) / 11 * 2 * np.pi)
PART = np.where(np.arange(len(YEARS)) < 216, 0, 2).astype(np.int8)


def series(**changes: object) -> str:
    return plot_series(**{"times_ns": YEARS, "values": VALUES, "part": PART, "unit": "sunspots"} | changes)


def forecasts(count: int, **changes: object) -> str:
    curves = {f"member {index}": VALUES[-93:] + index for index in range(count)} | {"ensemble": VALUES[-93:] - 1}
    return plot_forecasts(YEARS[-93:], VALUES[-93:], curves, unit="sunspots", highlighted=["ensemble"], **changes)


def errors(names: tuple[str, ...] = ("first", "second", "ensemble", "naive"), **changes: object) -> str:
    return plot_errors(
        names, [406.1, 307.4, 288.5, 1143.3], unit="sunspots²", highlighted=["ensemble"], hollow=["naive"], **changes
    )


def spread(**changes: object) -> str:
    return plot_spread(["first", "ensemble"], [[400, 300], [410, 290]], unit="sunspots²", **changes)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("draw", [series, lambda **changes: forecasts(3, **changes), errors, spread])
def test_every_plot_is_one_accessible_element_that_loads_nothing_and_is_equal_twice(draw) -> None:
    svg = draw(title='A <title> & "more"')
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'A <title> & "more"' == root.find(f"{SVG}title").text
    assert set(re.findall(r'https?://[^"]*', svg)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert draw(title='A <title> & "more"') == svg


@pytest.mark.parametrize("draw", [series, lambda: forecasts(3), errors, spread])
def test_every_colour_follows_the_theme_of_the_page(draw) -> None:
    svg = draw()
    bare = re.sub(r"var\(--plot-[\w-]+, #\w{6}\)", "", svg[svg.index("</style>") :])
    assert not re.search(r"(fill|stroke): #", bare)
    assert "prefers-color-scheme:dark" in svg


def test_two_pictures_on_one_page_share_no_id() -> None:
    def ids(svg: str) -> set[str]:
        return set(re.findall(r'\bid="([^"]+)"', svg))

    assert not ids(series(title="one")) & ids(series(title="two"))
    assert not ids(series(width=9.0)) & ids(series(width=4.2))


def test_series_back_to_1700_has_years_on_its_axis_and_names_its_parts() -> None:
    written = texts(series())
    assert {"1720", "2000", "train", "test", "sunspots"} <= set(written)
    assert "valid" not in written


def test_series_of_a_day_has_hours_on_its_axis() -> None:
    hours = np.arange("2024-03-01T00", "2024-03-02T00", dtype="datetime64[h]").astype("datetime64[ns]").astype(np.int64)
    assert "12:00" in texts(series(times_ns=hours, values=np.arange(24.0), part=np.zeros(24, dtype=np.int8)))


def test_errors_are_written_at_their_bars_and_the_ensemble_is_marked_without_colour() -> None:
    written = texts(errors())
    assert {"406.1", "307.4", "288.5", "1,143.3", "first", "naive", "◆ ensemble"} <= set(written)
    bold = re.findall(r"<text[^>]*(?:bold|700)[^>]*>([^<]*)<", errors())
    assert bold == ["◆ ensemble", "288.5"]


def test_long_names_are_cut_so_that_bars_remain() -> None:
    written = texts(errors(("x" * 500, "second", "ensemble", "naive"), width=4.2))
    assert "288.5" in written
    assert max(map(len, written)) < 30


def test_names_are_text_and_never_markup_or_mathematics() -> None:
    written = texts(errors(("<script>", "$x_1$ & $y", "ensemble", "_")))
    assert {"<script>", "$x_1$ & $y", "_"} <= set(written)


def test_forecasts_name_every_member_until_there_are_too_many_to_tell_apart() -> None:
    assert {"truth", "member 0", "member 3", "ensemble"} <= set(texts(forecasts(4)))
    assert {"truth", "9 members", "ensemble"} <= set(texts(forecasts(9)))


def test_spread_has_one_dot_for_every_seed_and_model() -> None:
    svg = plot_spread(["a", "b", "ensemble"], np.arange(24.0).reshape(8, 3), unit="u", highlighted=["ensemble"])
    assert {"a", "b", "◆ ensemble"} <= set(texts(svg))
    dots = [use for use in re.findall(r"<use[^>]*>", svg) if "opacity: 0.75" in use]
    assert len(dots) == 24


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: series(values=VALUES[:-1]),
        lambda: series(part=PART[:-1]),
        lambda: plot_errors(["one"], [np.nan], unit="u"),
        lambda: plot_errors(["one"], [-1.0], unit="u"),
        lambda: plot_errors([], [], unit="u"),
        lambda: plot_forecasts(YEARS, VALUES, {"one": VALUES[1:]}, unit="u"),
        lambda: plot_spread(["one"], [[1.0, 2.0]], unit="u"),
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong) -> None:
    with pytest.raises(InvalidInputError, match="must"):
        wrong()


def test_numbers_of_one_column_share_their_decimals() -> None:
    assert same_precision([288.46, 1143.31]) == ["288.5", "1,143.3"]
    assert same_precision([0.0079741, -0.5]) == ["0.007974", "−0.500000"]
    assert same_precision([0.0, 12345.6]) == ["0", "12,346"]
    assert same_precision([]) == []


NAMES = ["lag 5", "lag 7", "lag 13"]
CORRELATIONS = [[1, 0.5, None], [0.5, 1, -0.25], [None, -0.25, 1]]


def draw_correlations(**changes) -> str:
    return plot_correlations(NAMES, CORRELATIONS, **changes)


def draw_bars(**changes) -> str:
    return plot_bars(NAMES, [1.06, -0.13, 0.18], unit="weight", **changes)


def draw_weights(**changes) -> str:
    shares = np.full((len(YEARS), 3), [0.5, 0.3, 0.2])
    return plot_weights(YEARS, shares, NAMES, **changes)


def draw_fan(**changes) -> str:
    bands = {0.5: (VALUES - 5, VALUES + 5), 0.9: (VALUES - 20, VALUES + 20)}
    return plot_fan(YEARS, VALUES, VALUES + 1, bands, unit="sunspots", **changes)


def draw_coverage(**changes) -> str:
    return plot_coverage([0.5, 0.9], [0.47, 0.93], **changes)


def draw_coverage_by_step(**changes) -> str:
    shares = {"80.0%": [0.78, None, 0.7], "≤ 90.0%": [0.93, 0.9, 0.88]}
    return plot_coverage_by_step([1, 2, 3], shares, {"80.0%": 0.8, "≤ 90.0%": 0.9}, **changes)


@pytest.mark.parametrize(
    "draw", [draw_correlations, draw_bars, draw_weights, draw_fan, draw_coverage, draw_coverage_by_step]
)
def test_pictures_of_a_report_are_accessible_themed_and_equal_twice(draw) -> None:
    svg = draw(width=4.2)
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert svg == draw(width=4.2)
    assert draw() == draw()
    assert not re.search(r"(?:href|src)=\"(?!#)", svg)
    assert re.findall(r"#[0-9a-f]{6}", re.sub(r"<style>.*?</style>|var\([^)]*\)", "", svg, flags=re.DOTALL)) == []


def test_correlations_are_written_into_their_cells_and_missing_ones_stay_empty() -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", draw_correlations())
    assert [texts.count(figure) for figure in ("1.00", ".50", "−.25", "nan")] == [3, 2, 2, 0]
    assert "lag 13  3" in texts


def test_correlations_of_many_models_are_few_shapes() -> None:
    names = [f"model {number}" for number in range(60)]
    svg = plot_correlations(names, np.corrcoef(np.random.default_rng(0).normal(size=(60, 90))))
    assert svg.count("<path") < 250
    assert len(svg) < 600_000


def test_weights_below_zero_are_written_too() -> None:
    svg = plot_bars(["one", "other", "tiny"], [1.06, -0.13, -0.00001], unit="weight")
    assert re.findall(r">([−0-9.]+)</text>", svg) == ["1.060", "−0.130", "0.000"]


def test_of_many_weights_the_largest_are_named() -> None:
    names = [f"member {number}" for number in range(9)]
    shares = np.tile(np.arange(9) / 36, (len(YEARS), 1))
    svg = plot_weights(YEARS, shares, names)
    assert [name for name in names if f">{name}<" in svg] == names[5:]
    assert "5 more" in svg


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: plot_correlations(NAMES, np.eye(2)),
        lambda: plot_bars(["one"], [np.inf], unit="u"),
        lambda: plot_weights(YEARS, np.ones((len(YEARS), 2)), NAMES),
        lambda: plot_fan(YEARS, VALUES, VALUES, {}, unit="u"),
        lambda: plot_coverage([0.5, 1.5], [0.5, 0.5]),
    ],
)
def test_what_a_report_cannot_draw_is_refused(wrong) -> None:
    with pytest.raises(InvalidInputError):
        wrong()
