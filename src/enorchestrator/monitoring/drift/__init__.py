"""Drift of a series: windows of new values compared with what the train rows let expect."""
