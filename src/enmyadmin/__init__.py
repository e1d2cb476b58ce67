"""enmyadmin shows the store to people: the command line `enstorage` and its demonstrations."""

__all__: list[str] = []
