"""Care of a store: checking that it is whole, freeing what nothing refers to."""
