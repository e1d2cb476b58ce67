"""Long work over REST: asking for it, following it, cancelling it, taking away what it made."""
