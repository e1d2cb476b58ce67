"""Source loaders of places outside of the store: object stores, databases, websites and InfluxDB."""
