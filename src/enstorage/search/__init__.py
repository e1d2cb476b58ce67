"""The query language of `Record.find`: a text is parsed to a tree, and the tree becomes one SQL query."""
