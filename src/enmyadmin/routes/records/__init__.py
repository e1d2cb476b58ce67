"""The same verbs for every entity, derived from the facts of its columns."""
