"""The page of losses and metrics has a row for each of the list, with its label, unit, direction and needs."""

import re
from pathlib import Path

from enstorage.metrics.catalogue import LOSSES, METRICS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def rows():
    text = PAGE.read_text(encoding="utf-8")
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| `")]
    return {row[0].strip().strip("`"): [cell.strip() for cell in row[1:]] for row in cells}


def test_every_metric_has_a_row_in_the_order_of_the_list():
    assert [re.sub(r"_0\.\d$", "", name) for name in rows()] == list(METRICS)


def test_rows_say_what_the_list_says():
    for (name, (label, formula, unit, better, needs)), metric in zip(rows().items(), METRICS.values(), strict=True):
        assert formula, name
        assert (label, better) == (metric.label, metric.better.value), name
        assert unit.split(",")[0] == metric.unit.value, name
        assert metric.has_level == (name != metric.name), name
        assert all(need.value in needs for need in metric.needs), name
        assert needs != "–" or not metric.needs, name


def test_the_losses_of_networks_are_named():
    paragraph = PAGE.read_text(encoding="utf-8").split("Networks can be trained on")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+)`", paragraph)) == set(LOSSES)
