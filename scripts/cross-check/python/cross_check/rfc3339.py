"""The date-times of RFC 3339."""

import re
from datetime import date

from .core import Refusal

DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]+))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
EPOCH = date(1970, 1, 1).toordinal()
# The calendar repeats every 400 years.
CYCLE = date(2001, 1, 1) - date(1601, 1, 1)


def instant(text: str) -> tuple[int, int]:
    """Seconds since 1970, and nanoseconds since that second."""
    read = DATE_TIME.fullmatch(text)
    if not read:
        raise Refusal(f"{text!r} is no date-time with an offset")
    year, month, day, hour, minute, second = map(int, read.groups()[:6])
    fraction, sign, offset_hour, offset_minute = read.groups()[6:]
    offset_hour, offset_minute = int(offset_hour or 0), int(offset_minute or 0)
    if max(hour, offset_hour) > 23 or max(minute, second, offset_minute) > 59:
        raise Refusal(f"{text!r} has no such time or offset")
    # Python's calendar begins with the year 1, that of RFC 3339 with 0.
    cycles, year = divmod(year, 400)
    try:
        days = date(2000 + year, month, day).toordinal() - EPOCH
    except ValueError as reason:
        raise Refusal(f"{text!r} has no such day") from reason
    days += (cycles - 5) * CYCLE.days
    offset = (offset_hour * 60 + offset_minute) * (-1 if sign == "-" else 1)
    seconds = (days * 24 + hour) * 3600 + (minute - offset) * 60 + second
    return seconds, int((fraction or "")[:9].ljust(9, "0"))
