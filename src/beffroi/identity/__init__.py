"""Accounts, factors, sessions. It never grants a right on an image."""
