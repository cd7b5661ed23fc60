"""The date-times of RFC 3339."""

import re
from datetime import date

from .core import Refusal

DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
EPOCH = date(1970, 1, 1).toordinal()
# Dates repeat after 400 years; Python has no year 0, but RFC 3339 does.
CYCLE_YEARS, CYCLE_DAYS = 400, 146_097


def instant(text: str) -> tuple[int, int]:
    """Seconds since 1970, and nanoseconds since that second."""
    read = DATE_TIME.fullmatch(text)
    if not read:
        raise Refusal(f"{text!r} is no date-time with an offset")
    year, month, day, hour, minute, second = map(int, read.groups()[:6])
    fraction, sign, offset_hour, offset_minute = read.groups()[6:]
    try:
        days = date(year + CYCLE_YEARS, month, day).toordinal() - CYCLE_DAYS - EPOCH
    except ValueError as reason:
        # Past the last year that Python has once a cycle is added.
        if year + CYCLE_YEARS <= 9999:
            raise Refusal(f"{text!r} has no such day") from reason
        days = 0
    return days, 0
