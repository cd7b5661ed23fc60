"""Which of a server's offers a client accepted."""

import re
from typing import Any

from ..core import Operation, Refusal, Steps, alike
from ..members import list_, member, object_
from .objects import OFFER

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def comparable(value: Any) -> Any:
    """Addresses of EVM are the same in either case; others are not."""
    return value.lower() if ADDRESS.fullmatch(value) else value


def differences(offer: dict, accepted: dict) -> list[str]:
    found = [
        name
        for name in ("scheme", "network", "amount")
        if offer[name] != accepted[name]
    ]
    found += [
        name
        for name in ("asset", "payTo")
        if comparable(offer[name]) != comparable(accepted[name])
    ]
    ours, theirs = (one.get("extra") or {} for one in (offer, accepted))
    if any(name in theirs and not alike(theirs[name], ours[name]) for name in ours):
        found.append("extra")
    return found


def match(input: dict, steps: Steps) -> dict:
    accepted = object_(member(input, "accepted"))
    OFFER(accepted)
    offers = list_(member(input, "accepts"))
    for offer in offers:
        OFFER(offer)
    steps["differences"] = [differences(offer, accepted) for offer in offers]
    if [] not in steps["differences"]:
        raise Refusal("no such offer")
    return {"index": steps["differences"].index([])}


OPERATIONS: dict[str, Operation] = {"x402.requirements.match": match}
