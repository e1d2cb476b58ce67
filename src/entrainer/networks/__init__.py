"""The networks that can be named in a stored specification."""

from entrainer.networks.recurrent import PaperLSTM
from entrainer.spec import NetworkSpec

NETWORKS: dict[str, type[NetworkSpec]] = {network.name: network for network in (PaperLSTM,)}
"""Every known network under the name by which it is stored."""

__all__ = ["NETWORKS", "PaperLSTM"]
