"""Commands about released models."""
