"""The help: panels in the order of the work, one plain line for each command, and an example that is understood."""

import re
import shlex

import pytest

from enmyadmin.cli import app as PROGRAM

CREATE = PROGRAM.commands["create"]
GROUPS = (
    "create",
    "registry",
    "monitor",
    "feedback",
    "orchestrator",
    "pipeline",
    "schedule",
    "run",
    "notify",
    "user",
    "token",
    "policy",
)
LISTED = {name: command for name, command in PROGRAM.commands.items() if name not in GROUPS} | {
    f"{group} {name}": command for group in GROUPS for name, command in PROGRAM.commands[group].commands.items()
}
COMMANDS = {name: command.loaded() for name, command in LISTED.items()}


def panels(group):
    """The names of the panels in the order of the help, each with its commands."""
    found = {}
    for name in group.list_commands(None):
        found.setdefault(group.commands[name].rich_help_panel, []).append(name)
    return found


def test_commands_stand_in_panels_in_the_order_of_the_work(enstorage):
    assert list(panels(PROGRAM)) == ["Data", "Models", "Ensembles", "Production", "Store", "Server"]
    way = ["import-csv", "snapshot", "prepare", "create", "fit", "forecast", "render", "report"]
    order = [name for name in PROGRAM.list_commands(None) if name in way]
    assert order == way
    assert panels(CREATE) == {
        "Data": ["data-source", "panel", "preparation", "data-set"],
        "Models": ["project", "research", "model"],
        "Ensembles": ["ensemble"],
    }
    output = enstorage("--help")[1]
    assert [line.split("─ ")[1].split(" ─")[0] for line in output.splitlines() if line.startswith("╭")] == [
        "Options",
        *panels(PROGRAM),
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_of_help_is_one_imperative_sentence_that_fits_a_terminal(name):
    line, _, rest = COMMANDS[name].help.partition("\n\n")
    assert LISTED[name].help == line
    assert re.fullmatch(r"[A-Z][a-z]+,? .{8,54}\.", line)
    assert "Example: enstorage" in rest


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_the_help_is_understood(name):
    example = COMMANDS[name].help.rpartition("Example: ")[2]
    program, *words = shlex.split(example)
    assert program == "enstorage"
    assert words[: len(name.split())] == name.split()
    with COMMANDS[name].make_context(name, words[len(name.split()) :]) as context:
        assert context.params


def test_without_a_command_the_help_is_shown(enstorage):
    status, output, errors = enstorage()
    assert status == 2
    assert "import-csv" in output + errors
