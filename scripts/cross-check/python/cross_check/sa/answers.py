"""What the SA answers, and what a seller makes of its refusals."""

from functools import partial

from ..core import Operation, Refusal, Steps
from ..json_text import json_object
from ..members import (
    address,
    decimal,
    hexadecimal,
    integer,
    member,
    object_,
    text,
    word,
)


def decode_envelope(input: dict, steps: Steps) -> dict:
    envelope = json_object(text(member(input, "body")))
    steps["code"] = integer(member(envelope, "code"))
    if steps["code"] != 0:
        raise Refusal(f"the SA refuses with code {steps['code']}")
    return {"data": object_(member(envelope, "data"))}


def parse_channel_status(input: dict, steps: Steps) -> dict:
    given = object_(member(input, "data"))
    channel = {"channelId": hexadecimal(word(member(given, "channelId")))}
    for name in ("payer", "payee", "token"):
        channel[name] = hexadecimal(address(member(given, name)))
    amounts = ["deposit", "settledOnChain"]
    if "remainingBalance" in given:
        amounts.append("remainingBalance")
    for name in amounts:
        channel[name] = str(decimal(member(given, name), 128))
    channel["sessionStatus"] = text(member(given, "sessionStatus"))
    if channel["sessionStatus"] not in ("OPEN", "CLOSING", "CLOSED"):
        raise Refusal(f"a channel that is {channel['sessionStatus']}")
    return {"channel": channel}


PROBLEMS = "https://paymentauth.org/problems/"
Table = dict[int | None, tuple[int, str]]

# What every profile says alike.
OF_ALL: Table = {
    70004: (402, "session/invalid-signature"),
    70008: (410, "session/channel-finalized"),
    70012: (402, "session/amount-exceeds-deposit"),
    70013: (402, "session/delta-too-small"),
}
OKX_NODE: Table = OF_ALL | {
    8000: (402, "verification-failed"),
    70000: (402, "verification-failed"),
    70001: (402, "verification-failed"),
    70002: (402, "verification-failed"),
    70003: (402, "verification-failed"),
    70005: (402, "invalid-payload"),
    70006: (402, "invalid-payload"),
    70007: (402, "verification-failed"),
    70009: (402, "invalid-challenge"),
    70010: (410, "session/channel-not-found"),
    70011: (402, "invalid-payload"),
    70014: (410, "session/channel-finalized"),
}
OKX_PYTHON: Table = OF_ALL | {
    8000: (500, "internal-error"),
    70000: (400, "bad-request"),
    70001: (500, "internal-error"),
    70002: (402, "malformed-credential"),
    70003: (402, "malformed-credential"),
    70005: (400, "invalid-split"),
    70006: (400, "invalid-split"),
    70007: (500, "internal-error"),
    70009: (402, "invalid-challenge"),
    70010: (410, "session/channel-not-found"),
    70011: (500, "internal-error"),
    70014: (410, "session/channel-finalized"),
    None: (500, "internal-error"),
}
OKX_RUST: Table = OF_ALL | {
    8000: (500, "service-error"),
    70000: (400, "bad-request"),
    70001: (422, "unsupported-chain"),
    70002: (403, "payer-blocked"),
    70003: (402, "malformed-credential"),
    70005: (400, "invalid-split"),
    70006: (400, "invalid-split"),
    70007: (402, "tx-not-confirmed"),
    70009: (402, "payment-expired"),
    70010: (404, "session/channel-not-found"),
    70011: (400, "session/invalid-escrow-config"),
    70014: (409, "session/channel-closing"),
    None: (402, "verification-failed"),
}


def error(table: Table, input: dict, steps: Steps) -> dict:
    code = integer(member(input, "code"))
    if code == 0:
        raise Refusal("a success is no error")
    entry = table.get(code, table.get(None))
    if not entry:
        raise Refusal(f"no entry for {code}")
    status, problem = entry
    return {"status": status, "problem": PROBLEMS + problem}


OPERATIONS: dict[str, Operation] = {
    "sa.channel-status.parse": parse_channel_status,
    "sa.envelope.decode": decode_envelope,
    "sa.error.okx-node": partial(error, OKX_NODE),
    "sa.error.okx-python": partial(error, OKX_PYTHON),
    "sa.error.okx-rust": partial(error, OKX_RUST),
}
