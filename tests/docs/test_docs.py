"""The documentation does what it says: every example is run, every link leads somewhere, every public name is told of."""

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

from commands import run_command
from enstorage import Connector, errors
from enstorage.entity import ENTITIES
from enstorage.errors import NotConnectedError

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", *DOCS]
FIRST = {"README.md", "01-a-series.md", "02-preparation-and-data-sets.md", "03-models.md", "05-ensembles.md"}
RUN = [pytest.param(page, marks=() if page.name in FIRST else pytest.mark.long) for page in PAGES]  # others take longer
LINKING = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
REFERENCE = ROOT / "docs" / "reference"

NOT_RUN = ("make ", "pip ", "git ", "enstorage demo", "#")
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, its first line in the file, and the output that is shown after it."""

    language: str
    text: str
    line: int
    output: str | None


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _blocks(page: Path) -> list[Block]:
    content = page.read_text(encoding="utf-8")
    found = list(BLOCK.finditer(content))
    blocks = []
    for index, match in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else None
        shown = (
            following is not None and following[1] == "text" and not content[match.end() : following.start()].strip()
        )
        line = content.count("\n", 0, match.start(2)) + 1
        blocks.append(Block(match[1], match[2], line, following[2] if shown and following else None))
    return blocks


def _check_output(page: Path, block: Block, printed: str) -> None:
    if block.output is None:
        return
    want, got = (
        "\n".join(line.rstrip() for line in text.strip("\n").splitlines()) + "\n" for text in (block.output, printed)
    )
    if not doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS):
        pytest.fail(
            f"{_name(page)}, line {block.line}: the page shows\n\n{want}\nand the run gave\n\n{got}", pytrace=False
        )


def _run_python(page: Path, block: Block, namespace: dict[str, object]) -> str:
    # Empty lines in front, so that a traceback names the line of the page.
    code = compile("\n" * (block.line - 1) + block.text, _name(page), "exec")
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(code, namespace)
    except Exception:
        pytest.fail(f"{_name(page)}, line {block.line}:\n{traceback.format_exc()}", pytrace=False)
    return printed.getvalue()


def _run_commands(page: Path, block: Block) -> str:
    printed = ""
    for line in block.text.replace("\\\n", " ").splitlines():
        if not line.strip() or line.startswith(NOT_RUN):
            continue
        program, *arguments = shlex.split(line, comments=True)
        if program != "enstorage":
            # The README says how to install the program, which has been done here.
            assert page == ROOT / "README.md", f"{_name(page)}, line {block.line}: not run, so not shown: {line}"
            continue
        done = run_command(*arguments, NO_COLOR="1", COLUMNS="100")
        assert not done.status, f"{_name(page)}, line {block.line}: {line}\n{done.output}{done.errors}"
        printed += done.output
    return printed


@pytest.fixture
def fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("DATABASE", "SERIES", "OBJECTS"):
        monkeypatch.delenv(f"ENSTORAGE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    try:
        Connector.current().close()
    except NotConnectedError:
        return


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=_name)
def test_every_example_runs_and_prints_what_the_page_shows(page: Path, fresh_folder: Path):
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in _blocks(page):
        if block.language == "python":
            _check_output(page, block, _run_python(page, block, namespace))
        elif block.language == "bash":
            _check_output(page, block, _run_commands(page, block))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_fence_is_closed_and_says_its_language(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text.count("\n```") + text.startswith("```") == 2 * len(_blocks(page))
    assert all(block.language for block in _blocks(page))


@pytest.mark.parametrize("page", LINKING, ids=_name)
def test_every_relative_link_leads_to_a_file(page: Path):
    text = BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in LINK.findall(text) if not re.match("[a-z]+:|#", target)]
    missing = [target for target in targets if not (page.parent / target.split("#")[0]).exists()]
    assert not missing


@pytest.mark.parametrize("package", ["enstorage", "entrainer", "endirector"])
def test_every_public_name_has_a_heading_in_the_reference(package: str):
    headings = re.findall(r"^#+ .*$", (REFERENCE / f"{package}.md").read_text(encoding="utf-8"), re.MULTILINE)
    told = {name for heading in headings for name in re.findall(r"`([\w.]+)", heading)}
    assert set(import_module(package).__all__) <= told


def test_every_method_of_an_entity_is_in_the_reference():
    text = (REFERENCE / "enstorage.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(?:\w+\.)*(\w+)", text))
    public = {name for entity in ENTITIES for name in vars(entity) if not name.startswith("_")}
    assert sorted(public - told - {"metadata", "registry"}) == []


def test_every_error_is_in_the_reference():
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type)]
    assert [name for name in kinds if f"`{name}`" not in text] == []


def test_every_token_is_in_the_reference():
    from enstorage import plugins
    from enstorage.entity.ensemble import METHODS
    from enstorage.formats.base import FORMATS
    from enstorage.preparation._steps import STEPS
    from enstorage.preparation.clean import _METHODS
    from enstorage.series.base import AGGREGATES

    text = (REFERENCE / "enstorage.md").read_text(encoding="utf-8")
    text += (REFERENCE / "endirector.md").read_text(encoding="utf-8")
    tokens = [*STEPS, *_METHODS, *AGGREGATES, *plugins.names(METHODS), *plugins.names(FORMATS)]
    assert [token for token in tokens if not re.search(rf"`{token}[`(]", text)] == []


def test_every_command_is_in_the_reference():
    from enmyadmin.cli import app

    text = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
    groups = {"": app} | {f"{name} ": each for name, each in app.commands.items() if hasattr(each, "commands")}
    names = [prefix + name for prefix, group in groups.items() for name in group.commands]
    assert [name for name in names if f"`enstorage {name}" not in text] == []


_USE = {
    "add-a-method": """
        import numpy as np
        from enstorage import Connector, DataSource, Project
        import endirector
        Connector.in_folder("store")
        source = DataSource(name="a", time_interval="1d")
        source.write(np.arange(9) * 86_400_000_000_000, np.arange(9.0))
        preparation = source.create_snapshot().create_preparation()
        project = Project(name="p", data_source=source)
        research = project.create_research("r", preparation)
        models = [research.create_model(name) for name in "bcd"]
        times, values = source.read()
        for error, model in zip([1, 2, 30], models):
            model.save_forecasts("train", times[:6], values[:6] + error)
            model.save_forecasts("test", times[6:], values[6:] + error)
        ensemble = project.create_ensemble("median_voting", models=models)
        endirector.Conductor(ensemble).render()
        print(ensemble.forecasts("test")["value"].to_list())
        """,
    "add-an-adapter": """
        import numpy as np
        from enstorage import Connector, DataSet, DataSource
        from summary_adapter import Summary
        Connector.in_folder("store")
        source = DataSource(name="a", time_interval="1d")
        source.write(np.arange(9) * 86_400_000_000_000, np.arange(9.0))
        source.create_snapshot().create_preparation().create_set(Summary(3))
        print(DataSet.get(1).arrays("test")[1][:, 2].tolist())
        """,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "printed"), [("add-a-method", "[8.0, 9.0, 10.0]"), ("add-an-adapter", "[5.0, 6.0, 7.0]")]
)
def test_a_plug_in_works_by_its_entry_point_alone(page: str, printed: str, tmp_path: Path):
    """The module and the `pyproject.toml` of the page, laid out as pip lays out an installed package."""
    blocks = _blocks(ROOT / "docs" / "how-to" / f"{page}.md")
    module = next(block.text for block in blocks if block.language == "python")
    project = tomllib.loads(next(block.text for block in blocks if block.language == "toml"))["project"]
    ((group, points),) = project["entry-points"].items()
    ((name, target),) = points.items()
    (tmp_path / f"{target.split(':')[0]}.py").write_text(module, encoding="utf-8")
    installed = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    installed.mkdir()
    (installed / "entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n", encoding="utf-8")
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1.0\n")
    done = subprocess.run(
        [sys.executable, "-c", dedent(_USE[page])],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=False,
    )
    assert done.stdout.strip() == printed, done.stderr
