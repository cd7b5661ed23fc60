"""Amounts: in base units, and as people write them."""

import re
from typing import Any

from .core import Refusal
from .members import decimal, text

# \d would take the digits of every script, and $ a line feed behind them.
DIGITS_AND_PLACES = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def parts(value: str) -> tuple[str, str]:
    """The digits before and behind the point, as written."""
    read = DIGITS_AND_PLACES.fullmatch(value)
    if not read:
        raise Refusal(f"{value!r} is no decimal number")
    return read[1], read[2] or ""


def base_units(value: Any) -> int:
    """An amount on the wire."""
    return decimal(value, 256)


def shifted(whole: str, fraction: str, places: int) -> str:
    """The base units of a token with so many places, exactly."""
    if fraction[places:].strip("0"):
        raise Refusal(f"{fraction!r} is more than {places} places")
    digits = whole + fraction[:places].ljust(places, "0")
    amount = digits.lstrip("0") or "0"
    base_units(amount)
    return amount


def split(amount: int, places: int) -> tuple[str, str]:
    """The shortest digits before and behind the point."""
    digits = str(amount).rjust(places + 1, "0")
    point = len(digits) - places
    return digits[:point], digits[point:].rstrip("0")


def joined(whole: str, fraction: str) -> str:
    return f"{whole}.{fraction}" if fraction else whole


def places(value: Any) -> int:
    """How many places a token has, which a contract says in a uint8."""
    # Nothing shorter than a token's decimals may be cut to fit.
    return _within_a_byte(value)


def _within_a_byte(value: Any) -> int:
    from .members import integer, within

    return within(integer(value), 8)
