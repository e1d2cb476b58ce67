"""Peers live in environments of their own, made once under `.benchmarks/`: no two libraries get into each other's way."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = Path(os.environ.get("BENCHMARK_ENVIRONMENTS", HERE.parent / ".benchmarks"))


def run_peer(script: str, *arguments: str, packages: tuple[str, ...]) -> dict[str, Any]:
    """Run a script of this folder with the packages installed; returns the JSON that it prints last."""
    python = _environment(script.removesuffix(".py"), packages)
    done = subprocess.run([python, HERE / script, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _environment(name: str, packages: tuple[str, ...]) -> Path:
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"Installing {', '.join(packages)} into {folder} (once)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "installed").touch()
    return python
