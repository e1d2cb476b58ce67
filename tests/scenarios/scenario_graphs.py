"""Steps of pipelines as the scenarios write them."""

from enorchestrator import events

FOLDER = "${folder}"


def named(name, *needs):
    """A step that notes its name."""
    return {"kind": "work", "with": {"folder": FOLDER, "name": name}, "needs": list(needs)}


def states(found):
    """The state of each step of a run."""
    return {step.name: step.state for step in found.steps}


def alerts(run):
    """What the events of a run call attention to."""
    return [event.data for event in events(run.id) if event.kind == "alert"]
