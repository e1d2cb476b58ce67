"""Names and other text of users are shown as text: nothing in them formats, commands the terminal, or stops a command."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from endirector import Conductor
from enmyadmin.cli import app
from enstorage import DataSource, Panel, Project
from enstorage.adapter import Window
from enstorage.progress import listening
from enstorage.terminal import printable

ROOT = Path(__file__).parents[2]
#: Markup and emoji codes of the library that draws tables, a closing tag without a begin, a change of colour, a title of
#: the window (C1), text from right to left, two line ends, and letters that many terminals do not have.
NASTY = "Wind [m/s] [/x] :smile: \x1b[31m\x9d0;x\x07 \u202e\u2066 a\nb\u2028c\r\\ Größe 風 😀"
SHOWN = "Wind [m/s] [/x] :smile: \\x1b[31m\\x9d0;x\\x07 \\u202e\\u2066 a\\nb\\u2028c\\r\\ Größe 風 😀"


def make():
    """A store in which every name, text and fact is nasty."""
    facts = {"description": NASTY, "tags": {NASTY: NASTY}}
    source = DataSource(name=NASTY, time_interval="1d", unit=NASTY, description=NASTY).save()
    source.write(np.arange(40) * 86_400_000_000_000, np.sin(np.arange(40.0)))
    panel = Panel(name=NASTY, description=NASTY).save()
    panel.add(NASTY, source)
    snapshot = source.create_snapshot(NASTY)
    preparation = snapshot.create_preparation("drop", "none", 0.5, 0.25, 0.25, description=NASTY)
    project = Project(name=NASTY, data_source=source, description=NASTY).save()
    research = project.create_research(NASTY, preparation)
    data_set = preparation.create_set(Window(2))
    data_set.name = NASTY
    data_set.save()
    for _ in range(2):
        model = research.create_model(NASTY)
        model.data_set(data_set)
        _, X, y = data_set.arrays("train")
        model.save_object(LinearRegression().fit(X, y))
        model.meta(NASTY, NASTY)
        model.log([1, 2], **{NASTY: [0.5, 0.25]})
        for part in ("train", "valid", "test"):
            ids, truth = model.data_set().targets(part)
            model.save_forecasts(part, ids, truth + 0.1 * model.id)
    ensemble = project.create_ensemble("voting", models=project.models(), name=NASTY)
    Conductor(ensemble).render()
    project.create_ensemble("voting", models=[model], name="in the trash").trash()
    for record in (source, panel, snapshot, preparation, project, research, model, ensemble):
        for name, value in facts.items():
            setattr(record, name, value)
        record.save()
    source.connector.recorder.flush()


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path):
    """Runs `enstorage …` in the folder of a store with nasty names."""
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    return enstorage


WALK = [
    ("import-csv", "{file}", "--name", NASTY, "--unit", NASTY),
    ("import-csv", "{file}", "--source", "1"),
    ("import-csv", "{table}"),
    ("import-csv", "{table}", "--skip-bad-rows", "--name", NASTY),
    ("import-csv", "{table}", "--skip-bad-rows", "--panel", "1"),
    ("import-csv", "{table}", "--value-column", NASTY),
    ("import-lines", "{lines}", "--source", "1"),
    ("load", "csv", "path={file}", "--source", NASTY),
    ("check-data-set", "1", "--maximum", "0"),
    ("export-csv", "data-source", "1", "{new}"),
    ("snapshot", "1"),
    ("check-snapshots", "1"),
    ("delete-points", "1"),
    ("edit", "project", "1", "--tag", f"{NASTY}={NASTY}"),
    ("edit", "project", "1", "--untag", f"no {NASTY}"),
    ("prepare", "1", "--description", NASTY),
    ("create", "data-source", NASTY),
    ("create", "panel", NASTY, "--source", f"{NASTY}=1"),
    ("create", "project", NASTY, "--source", "1"),
    ("create", "preparation", "--snapshot", "1"),
    ("create", "data-set", NASTY, "--preparation", "1", "--lag", "3"),
    ("create", "research", NASTY, "--project", "1", "--preparation", "1"),
    ("create", "model", NASTY, "--research", "1", "--data-set", "1"),
    ("create", "ensemble", NASTY, "--project", "1", "--method", "voting", "--model", "1"),
    ("predict", "1", "2"),
    ("evaluate", "1", "2"),
    ("forecast", "model", "1"),
    ("forecast", "ensemble", "1", "--csv", "{new}"),
    ("deliver", "model", NASTY, "file", f"path={NASTY}.csv"),
    ("deliver", "model", "1", "file", "path=new.csv"),
    ("export-model", "1", "{new}"),
    ("tensorboard", "1", "--folder", "{new}"),
    ("render", "1"),
    ("diagnose", "1"),
    ("calibrate", "1", "--level", "0.5"),
    ("report", "1", "--out", "{new}"),
    ("leaderboard", "1"),
    ("verify", "1"),
    ("what-if", "1", "--without", "1"),
    ("what-if", "1", "--without", NASTY),
    ("init", "{new}"),
    ("info",),
    *(("list", entity) for entity in ("data-source", "panel", "panel-member", "data-snapshot", "data-preparation")),
    *(("list", entity) for entity in ("data-set", "project", "research", "model", "model-meta", "model-curve")),
    *(("list", entity) for entity in ("forecast", "ensemble", "ensemble-item", "data-csv")),
    ("list", "--trash"),
    ("find", "model", "name like 'Wind [%'"),
    *(("show", entity, "1") for entity in ("data-source", "panel", "data-snapshot", "data-preparation", "data-set")),
    *(("show", entity, "1") for entity in ("project", "research", "model", "forecast", "ensemble")),
    ("show", "model", NASTY),  # several have the name
    ("show", "model", f"no {NASTY}"),
    ("compare", "model", "1", "2", "--all"),
    ("compare", "ensemble", "1", "2"),
    ("rename", "model", "1", f"again {NASTY}"),
    ("delete", "ensemble", "1"),
    ("export", "project", "1", "{new}"),
    ("check",),
    ("gc",),
    ("find", "model", f"{NASTY} = 1"),
    (NASTY,),
    ("show", NASTY, "1"),
    ("info", f"--{NASTY}"),
    ("import-csv", NASTY),
    ("import", NASTY),
    ("import-model", NASTY, "--research", "1"),
]


def is_harmless(text):
    """True if a terminal shows the text, and does nothing else."""
    return all(line.isprintable() for line in text.split("\n"))


@pytest.mark.long
def test_what_commands_print_commands_no_terminal(enstorage, tmp_path):
    folder = tmp_path / f"\x1b[31m [red]{'x' * 20}"
    folder.mkdir()
    (folder / "a\n.csv").write_text("2030-01-01,1\n2030-01-02,2\n")
    nasty = "\x1b[31m [red]\x07"
    (folder / "table\r.csv").write_text(
        f"{nasty}date,{nasty} a,{nasty} b\n2030-01-01,1,2\n2030-01-02,{nasty},2\n{nasty},2,3\n"
    )
    (folder / "a\x1b.lp").write_text("data_source,mysql_id=1 value=21.5 1704155400000000000\n")
    for number, words in enumerate(WALK):
        places = {"{file}": folder / "a\n.csv", "{lines}": folder / "a\x1b.lp", "{new}": folder / f"new {number}"}
        places |= {"{table}": folder / "table\r.csv", "path={file}": f"path={folder / 'a'}\n.csv"}
        _, output, errors = enstorage(*(places.get(word, word) for word in words))
        shown = output + errors
        assert is_harmless(shown), (words, shown)
        assert shown, words
        assert "Traceback" not in errors, errors
        # Nothing was taken for a style or a picture.
        assert shown.count("Wind ") == shown.count("Wind [m/s]"), (words, shown)


@pytest.mark.parametrize(
    "words",
    [
        ("list", "models"),
        ("show", "ensemble", 1),
        ("compare", "model", 1, 2, "--all"),
        ("show", "model", NASTY),
        (NASTY,),
    ],
    ids=lambda words: words[0] if words[0] != NASTY else "no command",
)
def test_json_of_nasty_names_is_json_and_commands_no_terminal(enstorage, words):
    status, output, errors = enstorage(*words, "--json")
    assert json.loads(output or errors)
    assert (status == 0, is_harmless(output), is_harmless(errors)) == (bool(output), True, True)


def test_the_names_in_json_are_the_true_ones(enstorage):
    output = enstorage("show", "model", 1, "--json")[1]
    assert json.loads(output)["name"] == NASTY
    assert json.loads(output)["meta"] == {NASTY: NASTY}
    assert [each["name"] for each in json.loads(enstorage("list", "projects", "--json")[1])] == [NASTY]


def test_the_name_of_a_column_is_shown_in_full(enstorage):
    output = enstorage("list", "data-source")[1]
    assert SHOWN in output.replace("\n", "") or SHOWN[:50] in output
    assert SHOWN in enstorage("show", "data-source", 1, COLUMNS="400")[1]


def test_the_line_of_a_message_never_looks_like_one_of_the_program(enstorage):
    _, _, errors = enstorage("find", "model", "x\nerror: all was deleted")
    first, *further = errors.splitlines()
    assert first.startswith("error: Position 3 of the query")
    assert all(line.startswith("  ") for line in further)


def test_a_bar_shows_the_name_of_what_is_done(monkeypatch):
    monkeypatch.setattr("enstorage.progress.PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    with listening(True) as report:
        report(f"Reading {NASTY}", 0, 2)
        report(f"Reading {NASTY}", 2, 2)
    assert "[m/s] [/x] :smile: \\x1b[31m\\x9d0;x" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\n", "", terminal.getvalue())
    assert "\x9d" not in terminal.getvalue()


class Terminal(io.StringIO):
    """A terminal that keeps its output."""

    def isatty(self):
        return True


@pytest.mark.slow
@pytest.mark.others_long
@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C"}]
)
def test_a_terminal_of_few_characters_is_no_error(enstorage, tmp_path, environment):
    """In processes of their own, with the streams that Python makes; several commands in each, to start it once."""
    commands = [["list", "models"], ["show", "model", "1"], ["show", "ensemble", "1"], ["show", "model", "1", "--json"]]
    commands += [["--help"], ["form", "--help"], ["show", "model", NASTY], ["compare", "model", "1", "2", "--all"]]
    program = (
        "import sys, json; from enmyadmin.cli import app\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    sys.argv[1:] = words\n"
        "    try: app()\n"
        "    except SystemExit as end: print(f'status {end.code}')\n"
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO"))}
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)],
        capture_output=True,
        cwd=tmp_path,
        env={**variables, **environment},
        check=False,
    )
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    output, errors = done.stdout.decode(encoding), done.stderr.decode(encoding)
    assert re.findall(r"^status (\d+)", output, re.MULTILINE) == ["0"] * 6 + ["1", "0"], errors
    assert "Traceback" not in errors
    assert (is_harmless(output), is_harmless(errors)) == (True, True)
    shown = printable(NASTY, type("Stream", (), {"encoding": encoding}))
    assert shown in output
    assert {"ascii": "Gr\\xf6\\xdfe \\u98a8", "cp1252": "Größe \\u98a8", "utf-8": "Größe 風"}[encoding] in output


def test_every_command_that_shows_names_is_walked():
    commands = {name for name in app.commands if name != "create"}
    commands |= {f"create {name}" for name in app.commands["create"].commands}
    walked = {" ".join(words[: 2 if words[0] == "create" else 1]) for words in WALK}
    # They train for long, are walked by the tests of their own, or show no names.
    not_walked = {
        "fit",
        "autoforecast",
        "backtest",
        "tune",
        "form",
        "remake",
        "backup",
        "demo",
        "serve",
        "intent",
        "orchestrator",
        "registry",
        "monitor",
        "feedback",
        "pipeline",
        "schedule",
        "run",
        "notify",
        "user",
        "token",
        "policy",
        "restore",
        "purge",
        "upgrade",
        "version",
    }
    assert commands - walked - not_walked == set()


def test_nothing_prints_but_the_module_of_output():
    allowed = {"output.py"}
    calls = re.compile(r"\btyper\.(echo|secho|confirm|prompt)\(|\bprint\(|\bsys\.std(out|err)\.write|\brich\b")
    paths = (ROOT / "src" / "enmyadmin").rglob("*.py")
    found = {
        path.name for path in paths if calls.search(re.sub("rich_help_panel", "", path.read_text(encoding="utf-8")))
    }
    assert found == allowed
