"""Work on tables of people: forecasts by one call."""
