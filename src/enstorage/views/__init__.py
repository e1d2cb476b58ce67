"""Views of stored records: lineage, comparison, staleness, and their HTML in notebooks."""
