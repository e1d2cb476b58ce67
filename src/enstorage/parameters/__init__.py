"""Parameters that are stored as JSON: one way to describe, check, keep and read them."""
