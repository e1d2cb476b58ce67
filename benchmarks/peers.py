"""Peers live in environments of their own, made once under `.benchmarks/`: no two libraries get into each other's way."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = Path(os.environ.get("BENCHMARK_ENVIRONMENTS", HERE.parent / ".benchmarks"))


class NotRun(Exception):  # noqa: N818 - it is no error of ours
    """A peer could not be installed as it is wanted; says why."""


def run_peer(
    script: str, *arguments: str, packages: tuple[str, ...], unwanted: str | None = None, environment: str | None = None
) -> dict[str, Any]:
    """Run a script of this folder with the packages installed; returns the JSON that it prints last.

    Args:
        script: its name.
        arguments: of the script.
        packages: what it needs, as pip takes it.
        unwanted: how the names of packages begin that must not come with them; None to take all.
        environment: the name of the environment; None for that of the script.

    Raises:
        NotRun: unwanted packages would have been installed.
    """
    python = _environment(environment or script.removesuffix(".py"), packages, unwanted)
    done = subprocess.run([python, HERE / script, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _environment(name: str, packages: tuple[str, ...], unwanted: str | None) -> Path:
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if unwanted is not None:
            _refuse(python, packages, unwanted)
        print(f"Installing {', '.join(packages)} into {folder} (once)", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "installed").touch()
    return python


def _refuse(python: Path, packages: tuple[str, ...], unwanted: str) -> None:
    """Ask pip what it would install."""
    command = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--report", "-", *packages]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    if asked.returncode:
        raise NotRun(f"pip cannot install {', '.join(packages)}: {asked.stderr.strip().splitlines()[-1]}")
    names = [each["metadata"]["name"] for each in json.loads(asked.stdout)["install"]]
    found = [name for name in names if name.startswith(unwanted)]
    if found:
        raise NotRun(f"with {', '.join(packages)} pip would install {len(found)} packages such as {found[0]}")
