"""Places of stores: URLs, secrets in them, and the mark of the store that a place belongs to."""
