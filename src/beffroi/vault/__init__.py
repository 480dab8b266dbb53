"""Files, keys, the calendar of what is held and when it dies, journal, check and repair.

Opens for nobody without a lease.
"""
