"""Fitted estimators that come from files: their parameters, arrays and indices are checked before they are used."""
