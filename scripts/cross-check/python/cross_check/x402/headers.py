"""What x402 carries in headers, and, in version 1, in a body."""

from functools import partial

from ..base64_text import base64_decoded, base64_encoded, utf8
from ..core import Operation, Refusal, Steps
from ..json_text import canonical, json_object
from ..members import member, object_, text
from .objects import (
    PAYMENT_PAYLOAD,
    PAYMENT_PAYLOAD_OF_V1,
    PAYMENT_REQUIRED,
    PAYMENT_REQUIRED_OF_V1,
    SETTLE_RESPONSE,
    Reader,
)


def decode(name: str, check: Reader, input: dict, steps: Steps) -> dict:
    steps["json"] = utf8(base64_decoded(text(member(input, "field"))))
    value = json_object(steps["json"])
    check(value)
    return {name: value}


def encode(name: str, check: Reader, input: dict, steps: Steps) -> dict:
    value = member(input, name)
    check(value)
    steps["json"] = canonical(value)
    return {"field": base64_encoded(steps["json"].encode())}


def parse_payment_required_of_v1(input: dict, steps: Steps) -> dict:
    value = json_object(text(member(input, "body")))
    PAYMENT_REQUIRED_OF_V1(value)
    steps["offers"] = len(value["accepts"])
    return {"paymentRequired": value}


FIELDS = {
    "payment-required": 2,
    "payment-signature": 2,
    "payment-response": 2,
    "x-payment": 1,
    "x-payment-response": 1,
}


def version_by_header(names: list[str]) -> int | None:
    versions = [FIELDS[name.lower()] for name in names if name.lower() in FIELDS]
    return max(versions, default=None)


def version_by_body(body: str) -> int | None:
    try:
        version = json_object(body).get("x402Version")
    except Refusal:
        return None
    return 1 if version == 1 and not isinstance(version, bool) else None


def detect_version(input: dict, steps: Steps) -> dict:
    steps["byHeader"] = version_by_header(list(object_(member(input, "headers"))))
    steps["byBody"] = version_by_body(text(input.get("body", "")))
    version = steps["byHeader"] or steps["byBody"]
    if not version:
        raise Refusal("no version of x402")
    return {"version": version}


OPERATIONS: dict[str, Operation] = {
    "x402.v1.payment-required.parse": parse_payment_required_of_v1,
    "x402.version.detect": detect_version,
}
for operation, name, check in (
    ("x402.payment-required", "paymentRequired", PAYMENT_REQUIRED),
    ("x402.payment-response", "settleResponse", SETTLE_RESPONSE),
    ("x402.payment-signature", "paymentPayload", PAYMENT_PAYLOAD),
    ("x402.v1.payment", "paymentPayload", PAYMENT_PAYLOAD_OF_V1),
):
    OPERATIONS[f"{operation}.decode"] = partial(decode, name, check)
    OPERATIONS[f"{operation}.encode"] = partial(encode, name, check)
