"""Networks that are learned over many series, as local models."""

from entrainer.pooled.network import PooledNetwork

__all__ = ["PooledNetwork"]
