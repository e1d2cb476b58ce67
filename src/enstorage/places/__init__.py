"""Places of stores: URLs and how they are shown, foreign errors, and the mark of the store that a place belongs to."""
