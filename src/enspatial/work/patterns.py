"""Patterns of pipelines: scenes in, forecasts out, and again when scenes came."""

from enorchestrator.pipeline.patterns import PipelinePattern

_SEARCH = """\
parameters:
  catalogue: {type: string, default: earth-search}
  area: {type: "number[]"}
  time_from: {type: string}
  time_to: {type: string}
  clouds_below: {type: number, default: 0.2}
"""
_LOAD = """\
  load:
    kind: load_scenes
    with:
      catalogue: "${catalogue}"
      area: "${area}"
      time_from: "${time_from}"
      time_to: "${time_to}"
      clouds_below: "${clouds_below}"
"""

SPATIAL_LOAD = PipelinePattern(
    "spatial-load",
    "Loads scenes of an area and a period from a catalogue, checked and in versions.",
    f"{_SEARCH}steps:\n{_LOAD}",
)
SPATIAL_FORECAST = PipelinePattern(
    "spatial-forecast",
    "Loads scenes, and forecasts an index of each pixel as a map with intervals.",
    f"""\
{_SEARCH}\
  expression: {{type: string, default: ndvi}}
  horizon: {{type: integer, default: 6}}
  time_interval: {{type: string, default: 5d}}
steps:
{_LOAD}\
  forecast:
    kind: forecast_scenes
    for_each: ${{load.sets}}
    with:
      scenes: "${{each}}"
      area: "${{area}}"
      expression: "${{expression}}"
      horizon: "${{horizon}}"
      time_interval: "${{time_interval}}"
""",
)
SPATIAL_UPDATE = PipelinePattern(
    "spatial-update",
    "Loads scenes that came, and forecasts the pixels of a panel from its new end.",
    f"""\
{_SEARCH}\
  panel: {{type: panel}}
steps:
{_LOAD}\
  update:
    kind: update_scenes
    with: {{panel: "${{panel}}"}}
    needs: [load]
""",
)
