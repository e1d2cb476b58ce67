"""Steps of pipelines as the scenarios write them."""

FOLDER = "${folder}"


def named(name, *needs):
    """A step that notes its name."""
    return {"kind": "work", "with": {"folder": FOLDER, "name": name}, "needs": list(needs)}


def states(found):
    """The state of each step of a run."""
    return {step.name: step.state for step in found.steps}
