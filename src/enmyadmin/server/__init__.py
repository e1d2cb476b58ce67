"""The web server: the application, its settings, its limits, the built client."""
