"""The verbs of enstorage itself."""
