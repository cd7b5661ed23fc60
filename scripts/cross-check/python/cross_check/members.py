"""Reads members of an input, refusing what does not fit."""

import re
from typing import Any

from .core import Refusal

HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
DECIMAL = re.compile(r"0|[1-9][0-9]*")


def member(parent: dict, name: str) -> Any:
    if name not in parent:
        raise Refusal(f"{name} is missing")
    return parent[name]


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refusal(f"{value!r} is no text")
    try:
        value.encode()
    except UnicodeEncodeError as reason:
        # JSON can escape half of a surrogate pair, which UTF-8 cannot write.
        raise Refusal(f"{value!r} is no Unicode text") from reason
    return value


def object_(value: Any) -> dict:
    if not isinstance(value, dict):
        raise Refusal(f"{value!r} is no object")
    return value


def list_(value: Any) -> list:
    if not isinstance(value, list):
        raise Refusal(f"{value!r} is no list")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refusal(f"{value!r} is neither true nor false")
    return value


def integer(value: Any) -> int:
    # To Python true is an integer, but it is none in JSON.
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(f"{value!r} is no integer")
    return value


def data(value: Any) -> bytes:
    if not HEXADECIMAL.fullmatch(text(value)):
        raise Refusal(f"{value!r} is not 0x and hexadecimal digits")
    return bytes.fromhex(value[2:])


def sized(value: Any, size: int) -> bytes:
    read = data(value)
    if len(read) != size:
        raise Refusal(f"{value!r} is not of {size} bytes")
    return read


def address(value: Any) -> bytes:
    return sized(value, 20)


def word(value: Any) -> bytes:
    return sized(value, 32)


def within(value: int, bits: int) -> int:
    if not 0 <= value < 1 << bits:
        raise Refusal(f"{value} is no uint{bits}")
    return value


def decimal(value: Any, bits: int = 256) -> int:
    """An integer written as a decimal string."""
    if not DECIMAL.fullmatch(text(value)):
        raise Refusal(f"{value!r} is no decimal integer")
    # Longer texts cannot fit; Python refuses to read very long ones.
    if len(value) > 78:
        raise Refusal(f"{value!r} is no uint{bits}")
    return within(int(value), bits)


def hexadecimal(value: bytes) -> str:
    return "0x" + value.hex()
