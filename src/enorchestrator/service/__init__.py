"""The orchestrator at work: dispatcher and scheduler together, seen and stopped by others through the store."""
