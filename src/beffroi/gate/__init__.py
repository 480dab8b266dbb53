"""Decide, register, lease, in that order. The only holder of the lease-signing key. Never skips a step.

`Gate.open` asks the law, waits until the register's entry is on disk, and only then signs a lease of at most three
seconds. While a view lasts the gate asks again every 1.5 s, and at once when a fact changes; the first answer that is
not an allow withdraws the lease.
"""
