"""How a minimum and a maximum of retention fit together, whatever the date.

Both are counted in whole days, date to date, and the maximum is cut to one month. Images die by the hour (one key an
hour, counted from its first image): the last image of an hour lives its maximum less almost an hour.
"""

from typing import Final

SHORTEST_MONTH_DAYS: Final = 28
"""A month counted date to date never has fewer days (31 January to 28 February)."""


def longest_minimum(max_days: int) -> int:
    """The longest minimum, in days, that a maximum of ``max_days`` leaves room for on every date of the calendar."""
    return max(0, min(max_days, SHORTEST_MONTH_DAYS) - 1)


def minimum_fits(min_days: int, max_days: int) -> bool:
    """Whether an image can always be kept ``min_days`` and be gone at ``max_days``, an hour lying between the two."""
    return min_days <= longest_minimum(max_days)
