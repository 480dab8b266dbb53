"""Decide, register, lease, in that order. The only holder of the lease-signing key. Never skips a step."""
