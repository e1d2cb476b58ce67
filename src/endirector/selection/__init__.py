"""Choosing: which method and members to take, and what each member is worth."""
