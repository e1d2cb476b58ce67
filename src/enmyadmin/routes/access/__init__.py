"""The routes of access: the session of a browser, users, tokens, policies and the audit log."""
