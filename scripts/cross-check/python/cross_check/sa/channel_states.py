"""What a seller stores of a channel."""

import re
from collections.abc import Callable
from typing import Any

from ..base64_text import base64_decoded
from ..core import Operation, Refusal, Steps
from ..json_text import json_object
from ..members import (
    address,
    decimal,
    flag,
    hexadecimal,
    integer,
    member,
    object_,
    sized,
    text,
    within,
    word,
)


def stored_word(value: Any) -> str:
    return hexadecimal(word(value))


def stored_address(value: Any) -> str:
    return hexadecimal(address(value))


def address_or_empty(value: Any) -> str:
    return "" if value == "" else stored_address(value)


def amount(value: Any) -> str:
    if isinstance(value, str):
        return str(decimal(value, 128))
    return str(within(integer(value), 128))


def count(value: Any) -> int:
    if integer(value) < 0:
        raise Refusal(f"{value} is below zero")
    return value


def signature(value: Any) -> str:
    given = text(value)
    if not given:
        return ""
    if given.startswith("0x"):
        return hexadecimal(sized(given, 65))
    # Base64 of another length is another number of bytes.
    return hexadecimal(sized(hexadecimal(base64_decoded(given)), 65))


REQUIRED: dict[str, Callable[[Any], Any]] = {
    "channelId": stored_word,
    "chainId": count,
    "escrowContract": stored_address,
    "payer": stored_address,
    "payee": stored_address,
}
DEFAULTS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "token": (address_or_empty, ""),
    "authorizedSigner": (address_or_empty, ""),
    "deposit": (amount, "0"),
    "highestVoucherAmount": (amount, "0"),
    "highestVoucherSignature": (signature, ""),
    "minVoucherDelta": (amount, "0"),
    "spent": (amount, "0"),
    "units": (count, 0),
    "finalized": (flag, False),
    "closeRequestedAt": (count, 0),
    "createdAt": (text, ""),
}


def snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), name)


def read_state(stored: dict) -> dict:
    given = {
        name: stored[spelling]
        for name in REQUIRED.keys() | DEFAULTS.keys()
        for spelling in (snake_case(name), name)
        if spelling in stored
    }
    state = {name: read(member(given, name)) for name, read in REQUIRED.items()}
    for name, (read, default) in DEFAULTS.items():
        state[name] = read(given.get(name, default))
    if int(state["spent"]) > int(state["highestVoucherAmount"]):
        raise Refusal("more is spent than vouched for")
    return state


def parse_state(input: dict, steps: Steps) -> dict:
    return {"state": read_state(json_object(text(member(input, "text"))))}


def format_state(input: dict, steps: Steps) -> dict:
    state = read_state(object_(member(input, "state")))
    steps["available"] = str(int(state["highestVoucherAmount"]) - int(state["spent"]))
    return {"json": state}


OPERATIONS: dict[str, Operation] = {
    "sa.channel-state.format": format_state,
    "sa.channel-state.parse": parse_state,
}
