"""Importing into a store that may hold a part of the bundle already: plan first, then one transaction."""
