"""Decimal numbers: in base units, and as people write them."""

import re

from .core import Refusal
from .members import decimal

# \d would take the digits of every script.
DECIMAL_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


def parts(number: str) -> tuple[str, str]:
    """The digits before and behind the point, as written."""
    read = DECIMAL_NUMBER.fullmatch(number)
    if not read:
        raise Refusal(f"{number!r} is no decimal number")
    return read[1], read[2] or ""


def joined(whole: str, fraction: str) -> str:
    return f"{whole}.{fraction}" if fraction else whole


def base_units(whole: str, fraction: str, places: int) -> str:
    """What these digits are in the smallest unit of a token of so many places."""
    if fraction[places:].strip("0"):
        raise Refusal(f"a token of {places} places has no 0.{fraction}")
    digits = (whole + fraction[:places].ljust(places, "0")).lstrip("0") or "0"
    return str(decimal(digits))


def shortest_parts(amount: int, places: int) -> tuple[str, str]:
    """The digits of base units before and behind the point."""
    digits = str(amount).rjust(places + 1, "0")
    point = len(digits) - places
    return digits[:point], digits[point:].rstrip("0")
