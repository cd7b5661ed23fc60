"""The id that binds a challenge to its parameters."""

import hmac
from base64 import urlsafe_b64encode

import rfc8785

from ..core import Refusal, Steps
from ..members import hexadecimal, member, object_, text


def base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def encoded_object(name: str, value: dict, steps: Steps) -> str:
    try:
        canonical = rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as reason:
        raise Refusal(f"{name} has no canonical form: {reason}") from reason
    steps[f"{name}Canonical"] = canonical.decode()
    steps[f"{name}Encoded"] = base64url(canonical)
    return steps[f"{name}Encoded"]


def challenge_id(input: dict, steps: Steps) -> dict:
    secret = text(member(input, "secret"))
    if not secret:
        raise Refusal("the secret is empty")
    slots = [text(member(input, name)) for name in ("realm", "method", "intent")]
    request = object_(member(input, "request"))
    slots.append(encoded_object("request", request, steps))
    slots += [text(input.get(name, "")) for name in ("expires", "digest")]
    if "opaque" in input:
        # Correlation data is a flat map of texts.
        opaque = {name: text(value) for name, value in object_(input["opaque"]).items()}
        slots.append(encoded_object("opaque", opaque, steps))
    else:
        slots.append("")
    steps["message"] = "|".join(slots)
    mac = hmac.digest(secret.encode(), steps["message"].encode(), "sha256")
    steps["mac"] = hexadecimal(mac)
    return {"id": base64url(mac)}


OPERATIONS = {"mpp.challenge.id": challenge_id}
