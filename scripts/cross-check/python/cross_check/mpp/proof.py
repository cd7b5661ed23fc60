"""Credentials and receipts, as headers carry them."""

import re

from ..base64_text import base64url_decoded, base64url_encoded, utf8
from ..core import Operation, Refusal, Steps
from ..json_text import canonical, json_object, written
from ..members import member, object_, text
from ..rfc3339 import instant
from .challenge import parameters

AUTHORIZATION = re.compile(r"payment +([^ ]+)", re.IGNORECASE)
RECEIPT = ("status", "method", "timestamp", "reference")


def credential(given: dict) -> dict:
    """The members that are known; null is as absent."""
    found = {
        "challenge": parameters(object_(member(given, "challenge"))),
        "payload": object_(member(given, "payload")),
    }
    if given.get("source") is not None:
        found["source"] = text(given["source"])
    return found


def format_credential(input: dict, steps: Steps) -> dict:
    given = credential(object_(member(input, "credential")))
    steps["json"] = canonical(given)
    return {"field": f"Payment {base64url_encoded(steps['json'].encode())}"}


def parse_credential(input: dict, steps: Steps) -> dict:
    read = AUTHORIZATION.fullmatch(text(member(input, "field")))
    if not read:
        raise Refusal("not one token of the scheme Payment")
    steps["token"] = read[1]
    steps["json"] = utf8(base64url_decoded(read[1], padding=True))
    return credential(json_object(steps["json"]))


def receipt(given: dict) -> dict:
    found = {name: text(member(given, name)) for name in RECEIPT}
    if found["status"] != "success":
        raise Refusal(f"a receipt of {found['status']!r}")
    instant(found["timestamp"])
    return found


def format_receipt(input: dict, steps: Steps) -> dict:
    steps["json"] = written(receipt(object_(member(input, "receipt"))))
    return {"field": base64url_encoded(steps["json"].encode())}


def parse_receipt(input: dict, steps: Steps) -> dict:
    steps["json"] = utf8(base64url_decoded(text(member(input, "field"))))
    return {"receipt": receipt(json_object(steps["json"]))}


OPERATIONS: dict[str, Operation] = {
    "mpp.credential.format": format_credential,
    "mpp.credential.parse": parse_credential,
    "mpp.receipt.format": format_receipt,
    "mpp.receipt.parse": parse_receipt,
}
