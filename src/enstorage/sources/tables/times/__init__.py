"""Times of tables: the forms in which people write them, numbers of a unit, and what a column of them means."""
