"""The demonstration on satellite images: `enstorage demo --spatial`."""
