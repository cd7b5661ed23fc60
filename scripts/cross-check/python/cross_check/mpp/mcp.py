"""Payments over JSON-RPC, as MCP has them."""

import re
from typing import Any

from ..core import Operation, Refusal, Steps
from ..members import integer, list_, member, object_, text
from ..rfc3339 import instant

PAYMENT_REQUIRED, VERIFICATION_FAILED = -32042, -32043


def named(parent: dict, name: str) -> str:
    value = text(member(parent, name))
    if not value:
        raise Refusal(f"{name} is empty")
    return value


def optional_texts(parent: dict, *names: str) -> dict[str, str]:
    """Null is as absent."""
    return {name: text(parent[name]) for name in names if parent.get(name) is not None}


def challenge(value: Any) -> dict:
    given = object_(value)
    found = {name: named(given, name) for name in ("id", "method", "intent")}
    if not re.fullmatch("[a-z]+", found["method"]):
        raise Refusal(f"{found['method']!r} is no method")
    found["realm"] = text(member(given, "realm"))
    found["request"] = object_(member(given, "request"))
    return found | optional_texts(given, "expires", "description")


def error(input: dict, steps: Steps) -> dict:
    given = object_(member(input, "error"))
    code = integer(member(given, "code"))
    if code not in (PAYMENT_REQUIRED, VERIFICATION_FAILED):
        raise Refusal(f"an error of code {code}")
    challenges = list_(member(object_(member(given, "data")), "challenges"))
    if not challenges:
        raise Refusal("no challenges")
    return {"code": code, "challenges": [challenge(one) for one in challenges]}


def carried(name: str, *parents: Any) -> dict:
    """What stands under a name in the first `_meta` that has it."""
    for parent in parents:
        meta = parent.get("_meta") if isinstance(parent, dict) else None
        if isinstance(meta, dict) and meta.get(name) is not None:
            return object_(meta[name])
    raise Refusal(f"no {name}")


def credential(input: dict, steps: Steps) -> dict:
    message = object_(member(input, "message"))
    if "id" not in message:
        raise Refusal("a notification")
    given = carried("org.paymentauth/credential", message.get("params"), message)
    return {
        "challenge": challenge(member(given, "challenge")),
        "payload": object_(member(given, "payload")),
        **optional_texts(given, "source"),
    }


def receipt(input: dict, steps: Steps) -> dict:
    message = object_(member(input, "message"))
    if "error" in message:
        raise Refusal("an error")
    given = carried("org.paymentauth/receipt", message.get("result"), message)
    if text(member(given, "status")) != "success":
        raise Refusal(f"a receipt of {given['status']!r}")
    found = {name: named(given, name) for name in ("method", "challengeId")}
    found |= {name: text(member(given, name)) for name in ("status", "timestamp")}
    instant(found["timestamp"])
    return {"receipt": found | optional_texts(given, "reference")}


OPERATIONS: dict[str, Operation] = {
    "mpp.mcp.credential.parse": credential,
    "mpp.mcp.error.parse": error,
    "mpp.mcp.receipt.parse": receipt,
}
