"""Notifications: rules, the outbox of notices, and channels by Apprise."""
