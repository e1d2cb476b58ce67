"""Tables of notifications: rules, and the notices that they have made."""
