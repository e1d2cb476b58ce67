"""Losses and metrics: the one list that training, rendering, selection, reports and commands share."""
