"""The series store: points (time, value) of each data source."""
