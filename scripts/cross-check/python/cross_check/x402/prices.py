"""What a seller writes for a price."""

from decimal import Decimal
from typing import Any

from ..core import Operation, Refusal, Steps
from ..decimals import base_units, joined, parts
from ..members import integer, member, text, within


def decimal_text(price: Any) -> str:
    if isinstance(price, bool) or not isinstance(price, int | float):
        return text(price).removeprefix("$")
    try:
        # repr() is the shortest text of a double.
        written = format(Decimal(repr(float(price))), "f")
    except OverflowError as reason:
        raise Refusal(f"{price} is no double") from reason
    whole, _, fraction = written.partition(".")
    return joined(whole, fraction.rstrip("0"))


def parse_price(input: dict, steps: Steps) -> dict:
    places = within(integer(member(input, "decimals")), 8)
    steps["decimal"] = decimal_text(member(input, "price"))
    whole, fraction = parts(steps["decimal"])
    steps["whole"], steps["fraction"] = whole, fraction
    return {"amount": base_units(whole, fraction, places)}


OPERATIONS: dict[str, Operation] = {"x402.price.parse": parse_price}
