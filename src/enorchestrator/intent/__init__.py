"""Intents: sentences in English and Russian that become pipelines."""
