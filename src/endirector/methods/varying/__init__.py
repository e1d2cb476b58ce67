"""Methods whose weights differ by row: by time, by series, or by the values before the target."""
