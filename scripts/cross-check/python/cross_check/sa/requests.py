"""How a request to the SA is signed, and where it asks for a channel."""

import hmac

from ..base64_text import base64_encoded
from ..core import Operation, Refusal, Steps
from ..members import hexadecimal, member, text, word

PATH = "/api/v6/pay/mpp"


def signature(input: dict, steps: Steps) -> str:
    secret = text(member(input, "secret"))
    parts = ("timestamp", "method", "path", "body")
    message = "".join(text(member(input, part)) for part in parts)
    steps["message"] = message
    mac = hmac.digest(secret.encode(), message.encode(), "sha256")
    steps["mac"] = hexadecimal(mac)
    return base64_encoded(mac)


def sign_request(input: dict, steps: Steps) -> dict:
    return {"signature": signature(input, steps)}


def verify_request(input: dict, steps: Steps) -> dict:
    steps["expected"] = signature(input, steps)
    if text(member(input, "signature")) != steps["expected"]:
        raise Refusal("another signature")
    return {"valid": True}


def status_path(input: dict, steps: Steps) -> dict:
    channel = text(member(input, "channelId"))
    word(channel)
    return {"method": "GET", "path": f"{PATH}/session/status?channelId={channel}"}


OPERATIONS: dict[str, Operation] = {
    "sa.request.sign": sign_request,
    "sa.request.verify": verify_request,
    "sa.status.path": status_path,
}
