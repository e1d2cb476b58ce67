"""Work on the store as a whole: bundles, check, sweep."""
