"""Policies: permissions of roles, in the language of Cedar."""
