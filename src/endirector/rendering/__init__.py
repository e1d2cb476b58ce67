"""Rendering an ensemble into the store, verifying it, and making it again."""
