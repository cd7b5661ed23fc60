"""Amounts in base units, and what people write for them."""

from .core import Operation, Steps
from .decimals import base_units, joined, parts, shortest_parts
from .members import decimal, hexadecimal, integer, member, text, within


def parse_base_units(input: dict, steps: Steps) -> dict:
    amount = decimal(member(input, "text"))
    steps["word"] = hexadecimal(amount.to_bytes(32))
    return {"amount": str(amount)}


def to_base_units(input: dict, steps: Steps) -> dict:
    places = within(integer(member(input, "decimals")), 8)
    whole, fraction = parts(text(member(input, "decimal")))
    steps["whole"], steps["fraction"] = whole, fraction
    return {"amount": base_units(whole, fraction, places)}


def from_base_units(input: dict, steps: Steps) -> dict:
    places = within(integer(member(input, "decimals")), 8)
    whole, fraction = shortest_parts(decimal(member(input, "amount")), places)
    steps["whole"], steps["fraction"] = whole, fraction
    return {"decimal": joined(whole, fraction), "decimals": places}


OPERATIONS: dict[str, Operation] = {
    "amount.base-units.parse": parse_base_units,
    "amount.from-base-units": from_base_units,
    "amount.to-base-units": to_base_units,
}
