"""The kinds of work that a step can do, each one function of a package below."""
