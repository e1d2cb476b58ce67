"""Keras on JAX: the one place that chooses Keras' backend and keeps compiled programs between processes."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from enstorage.errors import MissingLibraryError, NotSupportedError


@cache
def load_keras() -> Any:
    """Imports Keras on its JAX backend, with compiled programs kept on disk.

    Returns:
        The module `keras`.

    Raises:
        NotSupportedError: Keras runs on, or is configured for, another backend.
        MissingLibraryError: Keras or JAX is not installed.
    """
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
    else:
        backend = os.environ.setdefault("KERAS_BACKEND", "jax")
    if backend != "jax":
        raise NotSupportedError(
            f"Keras is set to the backend {backend!r}; training together needs 'jax'. "
            "Set KERAS_BACKEND=jax before Python starts, or import entrainer before keras."
        )
    try:
        import jax
        import keras
    except ImportError as error:
        raise MissingLibraryError(
            f"Networks need Keras and JAX; {error.name} is not installed. Run: pip install 'enstorage[train]'."
        ) from error
    config: Any = jax.config
    if config.jax_compilation_cache_dir is None and (folder := _private_folder(_cache_folder())):
        config.update("jax_compilation_cache_dir", str(folder))
        config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    return keras


def _cache_folder() -> Path:
    if chosen := os.environ.get("ENSTORAGE_CACHE"):
        return Path(chosen).expanduser() / "jax"
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "enstorage" / "jax"
    base = "~/Library/Caches" if sys.platform == "darwin" else "~/.cache"
    return Path(base).expanduser() / "enstorage" / "jax"


def _private_folder(folder: Path) -> Path | None:
    """The folder, created for this user only, or None if others can write to it: its programs would be run here."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except (OSError, RuntimeError):
        return None
    ours = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return folder if ours and os.access(folder, os.W_OK) else None
