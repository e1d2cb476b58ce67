"""Demonstrations, one file each."""
