"""What the tests of training share."""

import pytest

from entrainer.backend import load_keras


@pytest.fixture(autouse=True, scope="package")
def _compile_fast():
    """Compiling is most of the time of these tests, and the programs are small."""
    load_keras()
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
