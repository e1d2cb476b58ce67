"""What is read from stored records: lineage, comparison, staleness, how a notebook shows them."""
