"""Series as charts draw them."""
