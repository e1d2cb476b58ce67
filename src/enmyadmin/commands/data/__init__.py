"""Commands about points and the checks of data."""
