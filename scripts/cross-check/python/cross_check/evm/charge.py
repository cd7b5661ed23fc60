"""Charges: an EIP-3009 authorization for the recipient, and one for each split."""

from ..core import Operation, Refusal, Steps
from ..members import (
    address,
    decimal,
    hexadecimal,
    integer,
    list_,
    member,
    object_,
    text,
    within,
    word,
)
from .signatures import account, recover, sign
from .structs import SIGNED_STRUCTS
from .typed_data import Struct, digest

TRANSFER = Struct(*SIGNED_STRUCTS["evm.transfer"])
MOST_SPLITS = 10


def transfers(request: dict, steps: Steps) -> list[tuple[bytes, int]]:
    """Who gets how much: the recipient first, then the splits in their order."""
    details = object_(member(request, "methodDetails"))
    splits = [
        (address(member(object_(split), "recipient")), decimal(member(split, "amount")))
        for split in list_(details.get("splits", []))
    ]
    shares = [share for _, share in splits]
    rest = decimal(member(request, "amount")) - sum(shares)
    if len(shares) > MOST_SPLITS or 0 in shares or rest <= 0:
        raise Refusal("too many splits, one of nothing, or nothing for the recipient")
    steps["primaryAmount"] = str(rest)
    return [(address(member(request, "recipient")), rest), *splits]


def token_domain(input: dict) -> dict:
    request = object_(member(input, "request"))
    details = object_(member(request, "methodDetails"))
    return {
        "name": text(member(input, "tokenName")),
        "version": text(member(input, "tokenVersion")),
        "chainId": member(details, "chainId"),
        "verifyingContract": member(request, "currency"),
    }


def digests(input: dict, authorizations: list[dict], steps: Steps) -> list[bytes]:
    domain = token_domain(input)
    found = [
        digest(TRANSFER, {"domain": domain, "message": authorization}, {})
        for authorization in authorizations
    ]
    steps["digests"] = [hexadecimal(hash) for hash in found]
    return found


def pay(input: dict, steps: Steps) -> dict:
    owed = transfers(object_(member(input, "request")), steps)
    nonces = [hexadecimal(word(nonce)) for nonce in list_(member(input, "nonces"))]
    if len(nonces) != len(owed):
        raise Refusal(f"{len(nonces)} nonces for {len(owed)} authorizations")
    key = member(input, "privateKey")
    valid_before = within(integer(member(input, "validBefore")), 256)
    authorizations = [
        {
            "from": account(key),
            "to": hexadecimal(to),
            "value": str(value),
            "validAfter": "0",
            "validBefore": str(valid_before),
            "nonce": nonce,
        }
        for (to, value), nonce in zip(owed, nonces)
    ]
    for one, hash in zip(authorizations, digests(input, authorizations, steps)):
        one["signature"] = sign(hash, key, {})
    return {"authorizations": authorizations}


def verify(input: dict, steps: Steps) -> dict:
    owed = transfers(object_(member(input, "request")), steps)
    payload = object_(member(input, "payload"))
    if member(payload, "type") != "transaction":
        raise Refusal(f"a payload of type {payload['type']!r}")
    own = object_(member(payload, "authorization"))
    authorizations = [own, *list_(own.get("splits", []))]
    read = [TRANSFER.read(TRANSFER.name, one) for one in authorizations]
    if [(one["to"], one["value"]) for one in read] != owed:
        raise Refusal("not what is owed, or not to whom")
    if len({one["nonce"] for one in read}) < len(read):
        raise Refusal("a nonce stands twice")
    payers = {hexadecimal(one["from"]) for one in read}
    hashes = digests(input, authorizations, steps)
    for one, hash in zip(authorizations, hashes):
        payers.add(recover(hash, member(one, "signature"), {}))
    if len(payers) > 1:
        raise Refusal(f"paid or signed by {payers}")
    return {"payer": payers.pop()}


OPERATIONS: dict[str, Operation] = {
    "evm.charge.pay": pay,
    "evm.charge.verify": verify,
}
