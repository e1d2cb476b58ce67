"""Methods that fit nothing: the mean, the median, the trimmed mean."""
