"""How a model becomes bytes, and bytes become a model again, without running code from the file."""
