"""Methods that fit a metamodel, or other methods, to the forecasts of the members."""
