"""Recurrent cells that Keras does not have; `keras.layers.RNN(cell)` makes a layer of one.

They hold no state in Python, so they may run inside `jax.vmap` and `stateless_call`. A stored model with them opens
without importing this package: they are registered as entry points `enstorage.keras_objects`.
"""

from entrainer.networks.layers.gated import CoupledLSTMCell, PeepholeLSTMCell
from entrainer.networks.layers.jordan import JordanCell

__all__ = ["CoupledLSTMCell", "JordanCell", "PeepholeLSTMCell"]
