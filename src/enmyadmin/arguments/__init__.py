"""Arguments of commands: the store, records by id or name, periods, JSON."""
