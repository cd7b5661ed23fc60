"""Challenges: how headers carry them, and the id that binds their parameters."""

import hashlib
import hmac
import re

from ..base64_text import base64_encoded, base64url_decoded, base64url_encoded, utf8
from ..core import Operation, Refusal, Steps
from ..json_text import canonical, json_object
from ..members import hexadecimal, list_, member, object_, text
from ..rfc3339 import instant
from .encodings import check_digest
from .fields import challenges_of

REQUIRED = ("id", "realm", "method", "intent", "request")
OPTIONAL = ("expires", "digest", "description", "opaque")


def parameters(given: dict) -> dict[str, str]:
    """The parameters that are known, each of them text; null is as absent."""
    found = {name: text(member(given, name)) for name in REQUIRED}
    found |= {
        name: text(given[name]) for name in OPTIONAL if given.get(name) is not None
    }
    if not found["id"]:
        raise Refusal("the id is empty")
    return found


def decoded(encoded: str, padding: bool) -> str:
    return utf8(base64url_decoded(encoded, padding))


def check(challenge: dict[str, str], padding: bool, steps: Steps) -> None:
    """What must be right before anybody pays."""
    if not re.fullmatch("[a-z]+", challenge["method"]):
        raise Refusal(f"{challenge['method']!r} is no method")
    if not re.fullmatch("[A-Za-z0-9-]+", challenge["intent"]):
        raise Refusal(f"{challenge['intent']!r} is no intent")
    if "expires" in challenge:
        instant(challenge["expires"])
    steps["requestJson"] = decoded(challenge["request"], padding)
    json_object(steps["requestJson"])
    if "opaque" in challenge:
        steps["opaqueJson"] = decoded(challenge["opaque"], padding)
        for value in json_object(steps["opaqueJson"]).values():
            text(value)


def payment_challenges(field: str) -> list[dict[str, str]]:
    return [
        parameters(found)
        for scheme, found in challenges_of(field)
        if scheme.lower() == "payment"
    ]


def parse_one(input: dict, steps: Steps) -> dict:
    found = payment_challenges(text(member(input, "field")))
    if len(found) != 1:
        raise Refusal(f"{len(found)} challenges to pay")
    check(found[0], True, steps)
    return {"challenge": found[0]}


def parse_all(input: dict, steps: Steps) -> dict:
    found = [
        challenge
        for field in list_(member(input, "fields"))
        for challenge in payment_challenges(text(field))
    ]
    if not found:
        raise Refusal("no challenge to pay")
    steps["requestsJson"] = [decoded(one["request"], True) for one in found]
    for challenge in found:
        check(challenge, True, {})
    return {"challenges": found}


def quoted(value: str) -> str:
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
        raise Refusal(f"{value!r} has a control character")
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def format_one(input: dict, steps: Steps) -> dict:
    challenge = parameters(object_(member(input, "challenge")))
    check(challenge, False, steps)
    written = (f"{name}={quoted(value)}" for name, value in challenge.items())
    return {"field": "Payment " + ", ".join(written)}


def secret_of(input: dict) -> bytes:
    secret = text(member(input, "secret"))
    if not secret:
        raise Refusal("the secret is empty")
    return secret.encode()


def optional_text(parent: dict, name: str) -> str:
    """An empty slot stands for what is absent, or null."""
    value = parent.get(name)
    return "" if value is None else text(value)


def encoded_object(name: str, value: dict, steps: Steps) -> str:
    steps[f"{name}Canonical"] = canonical(value)
    steps[f"{name}Encoded"] = base64url_encoded(steps[f"{name}Canonical"].encode())
    return steps[f"{name}Encoded"]


def bound_id(slots: list[str], secret: bytes, steps: Steps) -> bytes:
    steps["message"] = "|".join(slots)
    return hmac.digest(secret, steps["message"].encode(), "sha256")


def challenge_id(input: dict, steps: Steps, extra: tuple[str, ...] = ()) -> dict:
    secret = secret_of(input)
    slots = [text(member(input, name)) for name in ("realm", "method", "intent")]
    request = object_(member(input, "request"))
    slots.append(encoded_object("request", request, steps))
    slots += [optional_text(input, name) for name in ("expires", "digest")]
    slots += [text(input[name]) for name in extra if input.get(name) is not None]
    opaque = ""
    if input.get("opaque") is not None:
        # Correlation data is a flat map of texts.
        given = {name: text(value) for name, value in object_(input["opaque"]).items()}
        opaque = encoded_object("opaque", given, steps)
    mac = bound_id([*slots, opaque], secret, steps)
    steps["mac"] = hexadecimal(mac)
    return {"id": base64url_encoded(mac)}


def challenge_id_with_header(input: dict, steps: Steps) -> dict:
    return challenge_id(input, steps, extra=("header",))


def verify(input: dict, steps: Steps) -> dict:
    secret = secret_of(input)
    challenge = parameters(object_(member(input, "challenge")))
    names = ("realm", "method", "intent", "request", "expires", "digest", "opaque")
    slots = [challenge.get(name, "") for name in names]
    steps["expectedId"] = base64url_encoded(bound_id(slots, secret, steps))
    if challenge["id"] != steps["expectedId"]:
        raise Refusal("another id")
    if "now" in input and "expires" in challenge:
        if instant(text(input["now"])) > instant(challenge["expires"]):
            raise Refusal("the challenge has expired")
    if "digest" in challenge:
        hash = hashlib.sha256(text(member(input, "body")).encode()).digest()
        steps["bodyDigest"] = f"sha-256=:{base64_encoded(hash)}:"
        check_digest(challenge["digest"], hash)
    return {"id": challenge["id"]}


OPERATIONS: dict[str, Operation] = {
    "mpp.challenge.format": format_one,
    "mpp.challenge.id": challenge_id,
    "mpp.challenge.id-with-header": challenge_id_with_header,
    "mpp.challenge.parse": parse_one,
    "mpp.challenge.verify": verify,
    "mpp.challenges.parse": parse_all,
}
