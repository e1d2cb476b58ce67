"""The result of `autoforecast`: tables, JSON, and its errors on rolling origins."""
