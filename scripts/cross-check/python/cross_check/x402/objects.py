"""The objects of x402, which are passed on as they are once they fit."""

from collections.abc import Callable
from typing import Any

from ..core import Refusal
from ..members import decimal, flag, list_, member, object_, text
from .networks import network

Reader = Callable[[Any], Any]


def number(value: Any) -> int | float:
    # To Python true is an integer.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(f"{value!r} is no number")
    return value


def version(expected: int) -> Reader:
    def read(value: Any) -> None:
        if number(value) != expected:
            raise Refusal(f"version {value} of x402")

    return read


def each(reader: Reader) -> Reader:
    def read(value: Any) -> None:
        for one in list_(value):
            reader(one)

    return read


def object_of(required: dict[str, Reader], optional: dict[str, Reader]) -> Reader:
    def read(value: Any) -> None:
        # A member that is null is as good as absent.
        given = {name: one for name, one in object_(value).items() if one is not None}
        for name, reader in required.items():
            reader(member(given, name))
        for name, reader in optional.items():
            if name in given:
                reader(given[name])

    return read


OFFER = object_of(
    {
        "scheme": text,
        "network": network,
        "amount": decimal,
        "asset": text,
        "payTo": text,
        "maxTimeoutSeconds": number,
    },
    {"extra": object_},
)
RESOURCE = object_of({"url": text}, {"description": text, "mimeType": text})
PAYMENT_REQUIRED = object_of(
    {"x402Version": version(2), "resource": RESOURCE, "accepts": each(OFFER)},
    {"error": text, "extensions": object_},
)
PAYMENT_PAYLOAD = object_of(
    {"x402Version": version(2), "accepted": OFFER, "payload": object_},
    {"resource": RESOURCE, "extensions": object_},
)
SETTLE_RESPONSE = object_of(
    {"success": flag, "transaction": text, "network": network},
    {
        "payer": text,
        "errorReason": text,
        "errorMessage": text,
        "status": text,
        "amount": decimal,
        "extensions": object_,
    },
)
OFFER_OF_V1 = object_of(
    {
        "scheme": text,
        "network": text,
        "maxAmountRequired": decimal,
        "asset": text,
        "payTo": text,
        "resource": text,
        "description": text,
        "maxTimeoutSeconds": number,
    },
    {"mimeType": text, "outputSchema": object_, "extra": object_},
)
PAYMENT_REQUIRED_OF_V1 = object_of(
    {"x402Version": version(1), "accepts": each(OFFER_OF_V1)}, {"error": text}
)
PAYMENT_PAYLOAD_OF_V1 = object_of(
    {"x402Version": version(1), "scheme": text, "network": text, "payload": object_},
    {},
)
