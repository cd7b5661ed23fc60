"""What is posted to the SA."""

from collections.abc import Callable
from typing import Any

from ..core import Operation, Refusal, Steps
from ..json_text import canonical
from ..members import address, decimal, list_, member, object_, sized, text, word
from .requests import PATH

Reader = Callable[[Any], Any]


def uint128(value: Any) -> int:
    return decimal(value, 128)


def signature(value: Any) -> bytes:
    return sized(value, 65)


def exactly(expected: str) -> Reader:
    def read(value: Any) -> str:
        if text(value) != expected:
            raise Refusal(f"{value} instead of {expected}")
        return value

    return read


def forwarded(
    value: Any, required: dict[str, Reader], optional: dict[str, Reader] | None = None
) -> dict:
    """The members named here as they are, if they fit."""
    given = object_(value)
    readers = required | {
        name: reader for name, reader in (optional or {}).items() if name in given
    }
    for name, reader in readers.items():
        reader(member(given, name))
    return {name: given[name] for name in readers}


AUTHORIZATION: dict[str, Reader] = {
    "from": address,
    "to": address,
    "value": decimal,
    "validAfter": decimal,
    "validBefore": decimal,
    "nonce": word,
}
SIGNED_AUTHORIZATION = AUTHORIZATION | {"signature": signature}
TYPE: dict[str, Reader] = {"type": exactly("eip-3009")}
CHALLENGE: dict[str, Reader] = dict.fromkeys(
    ("id", "realm", "method", "intent", "request"), text
)
MOVE: dict[str, Reader] = {
    "channelId": word,
    "cumulativeAmount": uint128,
    "voucherSignature": signature,
    "payeeSignature": signature,
    "nonce": decimal,
    "deadline": decimal,
}


def post(path: str, payload: dict, steps: Steps, **others: Any) -> dict:
    steps["payload"] = canonical(payload)
    body = others | {"payload": payload}
    return {"method": "POST", "path": PATH + path, "body": body}


def challenge(input: dict) -> dict:
    given = object_(member(input, "challenge"))
    forwarded(given, CHALLENGE)
    return {"challenge": given}


def source(input: dict, required: bool) -> dict:
    given = input.get("source")
    if given in (None, ""):
        if required:
            raise Refusal("the source is missing")
        return {}
    return {"source": text(given)}


def authorization(value: Any) -> dict:
    return forwarded(value, AUTHORIZATION, TYPE)


def charge_authorization(value: Any) -> dict:
    main = forwarded(value, SIGNED_AUTHORIZATION, TYPE)
    if "splits" in value:
        main["splits"] = [
            forwarded(split, SIGNED_AUTHORIZATION, TYPE)
            for split in list_(value["splits"])
        ]
    return main


def charge_settle(input: dict, steps: Steps) -> dict:
    echoed = challenge(input)
    given = object_(member(input, "payload"))
    payload = forwarded(given, {"type": exactly("transaction")})
    payload["authorization"] = charge_authorization(member(given, "authorization"))
    return post("/charge/settle", payload, steps, **echoed, **source(input, False))


def charge_verify_hash(input: dict, steps: Steps) -> dict:
    echoed = challenge(input)
    readers = {"type": exactly("hash"), "hash": word}
    payload = forwarded(member(input, "payload"), readers)
    return post("/charge/verifyHash", payload, steps, **echoed, **source(input, True))


def deposit(given: dict, payload: dict) -> dict:
    """A payload with the deposit that the SA is to pull, or that was broadcast."""
    match member(given, "type"):
        case "transaction":
            signed = forwarded(given, {"type": text, "signature": signature})
            pulled = authorization(member(given, "authorization"))
            return payload | signed | {"authorization": pulled}
        case "hash":
            return payload | forwarded(given, {"type": text, "hash": word})
        case other:
            raise Refusal(f"a payload of type {other}")


def session_open(input: dict, steps: Steps) -> dict:
    echoed = challenge(input)
    given = object_(member(input, "payload"))
    readers = {"action": exactly("open"), "channelId": word, "salt": word}
    opened = forwarded(given, readers, {"authorizedSigner": address})
    payload = deposit(given, opened)
    payer = source(input, payload["type"] == "hash")
    return post("/session/open", payload, steps, **echoed, **payer)


def session_top_up(input: dict, steps: Steps) -> dict:
    given = object_(member(input, "payload"))
    readers = {
        "action": exactly("topUp"),
        "channelId": word,
        "topUpSalt": word,
        "additionalDeposit": uint128,
    }
    payload = deposit(given, forwarded(given, readers))
    return post("/session/topUp", payload, steps, **source(input, False))


def session_settle(input: dict, steps: Steps) -> dict:
    payload = {"action": "settle"} | forwarded(input, MOVE)
    return post("/session/settle", payload, steps)


def session_close(input: dict, steps: Steps) -> dict:
    payload = {"action": "close"} | forwarded(input, MOVE)
    return post("/session/close", payload, steps)


OPERATIONS: dict[str, Operation] = {
    "sa.body.charge-settle": charge_settle,
    "sa.body.charge-verify-hash": charge_verify_hash,
    "sa.body.session-close": session_close,
    "sa.body.session-open": session_open,
    "sa.body.session-settle": session_settle,
    "sa.body.session-top-up": session_top_up,
}
