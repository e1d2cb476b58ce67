"""Released models: the registry, their monitoring, feedback, intents."""
