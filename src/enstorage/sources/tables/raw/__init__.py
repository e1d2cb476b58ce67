"""Reading of the cells of a table, from files and from memory, before anybody knows what its columns are."""
