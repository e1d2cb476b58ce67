"""Facts about versions in use: forecasts that were issued, truths and verdicts, observations, alerts, deliveries."""
