"""Scenes: found in folders and catalogues, checked, stored in versions, found again."""
