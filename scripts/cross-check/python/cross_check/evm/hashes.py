"""Channel ids, nonces that bind a deposit, and the hash that binds to a challenge."""

from typing import Any

from eth_abi import encode
from eth_utils import keccak

from ..core import Refusal, Steps
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


def channel_id(input: dict, steps: Steps) -> dict:
    values = [
        address(member(input, "payer")),
        address(member(input, "payee")),
        address(member(input, "token")),
        word(member(input, "salt")),
        address(member(input, "authorizedSigner")),
        address(member(input, "escrow")),
        within(integer(member(input, "chainId")), 256),
    ]
    types = [
        "address",
        "address",
        "address",
        "bytes32",
        "address",
        "address",
        "uint256",
    ]
    encoded = encode(types, values)
    steps["encoded"] = hexadecimal(encoded)
    return {"channelId": hexadecimal(keccak(encoded))}


OPEN_TYPES = ["address", "address", "address", "bytes32", "address"]


def open_values(input: dict) -> list[bytes]:
    return [
        address(member(input, "from")),
        address(member(input, "payee")),
        address(member(input, "token")),
        word(member(input, "salt")),
        address(member(input, "authorizedSigner")),
    ]


def open_nonce_ietf(input: dict, steps: Steps) -> dict:
    encoded = encode(OPEN_TYPES, open_values(input))
    steps["encoded"] = hexadecimal(encoded)
    return {"nonce": hexadecimal(keccak(encoded))}


def basis_points(value: Any) -> int:
    share = integer(value)
    if not 1 <= share <= 9999:
        raise Refusal(f"a share of {share} basis points")
    return share


def open_nonce_okx(input: dict, steps: Steps) -> dict:
    values = open_values(input)
    splits = [object_(split) for split in list_(member(input, "splits"))]
    recipients = [address(member(split, "recipient")) for split in splits]
    shares = [basis_points(member(split, "bps")) for split in splits]
    if sum(shares) >= 10_000:
        raise Refusal("the splits leave the payee nothing")
    encoded = encode(
        [*OPEN_TYPES, "address[]", "uint16[]"], [*values, recipients, shares]
    )
    steps["encoded"] = hexadecimal(encoded)
    return {"nonce": hexadecimal(keccak(encoded))}


def top_up_nonce(input: dict, steps: Steps) -> dict:
    values = [
        word(member(input, "channelId")),
        decimal(member(input, "additionalDeposit"), 128),
        address(member(input, "from")),
        word(member(input, "topUpSalt")),
    ]
    encoded = encode(["bytes32", "uint128", "address", "bytes32"], values)
    steps["encoded"] = hexadecimal(encoded)
    return {"nonce": hexadecimal(keccak(encoded))}


def challenge_hash(input: dict, steps: Steps) -> dict:
    id = text(member(input, "id"))
    if not id:
        raise Refusal("the id is empty")
    encoded = (id + text(member(input, "realm"))).encode()
    steps["encoded"] = hexadecimal(encoded)
    return {"challengeHash": hexadecimal(keccak(encoded))}


OPERATIONS = {
    "evm.challenge-hash": challenge_hash,
    "evm.channel.id": channel_id,
    "evm.open-nonce.ietf": open_nonce_ietf,
    "evm.open-nonce.okx": open_nonce_okx,
    "evm.top-up-nonce": top_up_nonce,
}
