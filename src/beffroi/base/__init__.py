"""Services without a rule: settings, clocks, logging with its scrubber, the bus, databases, secrets.

Never a business rule.
"""
