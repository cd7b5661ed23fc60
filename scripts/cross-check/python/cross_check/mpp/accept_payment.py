"""Which payments a client accepts, and how much it likes them."""

import re
from decimal import Decimal

from ..core import Operation, Refusal, Steps
from ..members import list_, member, object_, text

# Commas cannot stand within a range, so that each lies between two of them.
RANGE = re.compile(
    r"(?P<method>[a-z]+|\*)/(?P<intent>[A-Za-z0-9-]+|\*)"
    r"(?:[ \t]*;[ \t]*[Qq]=(?P<q>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


def payment_range(written: str) -> dict:
    read = RANGE.fullmatch(written)
    if not read:
        raise Refusal(f"{written!r} is no range of payments")
    thousandths = int(Decimal(read["q"] or "1") * 1000)
    return {"method": read["method"], "intent": read["intent"], "q": thousandths}


def payment_ranges(field: str) -> list[dict]:
    elements = [element.strip(" \t") for element in field.split(",")]
    return [payment_range(element) for element in elements if element]


def parse(input: dict, steps: Steps) -> dict:
    return {"ranges": payment_ranges(text(member(input, "field")))}


def weight(offer: dict, ranges: list[dict]) -> int:
    """That of the range that names most of the offer."""
    names = ("method", "intent")
    matching = [
        range_
        for range_ in ranges
        if all(range_[name] in ("*", offer[name]) for name in names)
    ]
    named = [sum(range_[name] != "*" for name in names) for range_ in matching]
    return matching[named.index(max(named))]["q"] if matching else 0


def rank(input: dict, steps: Steps) -> dict:
    offers = [
        {name: text(member(object_(offer), name)) for name in ("method", "intent")}
        for offer in list_(member(input, "offers"))
    ]
    if "field" in input:
        ranges = steps["ranges"] = payment_ranges(text(input["field"]))
        wanted = [offer for offer in offers if weight(offer, ranges)]
        # Sorting is stable, also in reverse.
        offers = sorted(wanted, key=lambda offer: weight(offer, ranges), reverse=True)
    return {"offers": offers}


OPERATIONS: dict[str, Operation] = {
    "mpp.accept-payment.parse": parse,
    "mpp.accept-payment.rank": rank,
}
