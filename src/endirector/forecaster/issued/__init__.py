"""Forecasts as they were said: kept with their origin, adjusted by people, compared with what came, opened again."""
