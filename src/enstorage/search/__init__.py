"""The language of `Record.find`: a text becomes a tree, and the tree becomes one query with bound parameters."""
