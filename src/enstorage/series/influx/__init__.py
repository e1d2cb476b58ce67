"""Points in InfluxDB, over its HTTP API."""
