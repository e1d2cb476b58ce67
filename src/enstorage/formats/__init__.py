"""Formats of model objects: bytes that run no code when they are opened."""
