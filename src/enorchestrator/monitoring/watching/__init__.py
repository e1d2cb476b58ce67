"""Watching: windows become observations, several of them alerts."""
