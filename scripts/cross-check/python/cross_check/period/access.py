"""Proofs of access to a subscription, and the header that carries them."""

from typing import Any

from eth_abi.packed import encode_packed
from eth_account.messages import defunct_hash_message
from eth_utils import keccak

from ..base64_text import base64url_decoded, base64url_encoded, utf8
from ..core import Operation, Refusal, Steps
from ..evm.signatures import recover, sign
from ..json_text import canonical, json_object
from ..members import (
    address,
    data,
    hexadecimal,
    integer,
    member,
    object_,
    text,
    within,
    word,
)

KIND = "subscription-id"
WINDOW = 300


def read_kind(value: Any) -> str:
    if text(value) != KIND:
        raise Refusal(f"a proof of the kind {value}")
    return value


def read_claim(value: Any) -> dict:
    """Who says when to have which subscription."""
    claim = object_(value)
    return {
        "subId": word(member(claim, "subId")),
        "payer": address(member(claim, "payer")),
        "timestamp": within(integer(member(claim, "timestamp")), 256),
    }


def digest(claim: dict, steps: Steps) -> bytes:
    packed = encode_packed(["bytes32", "address", "uint256"], list(claim.values()))
    steps["packed"] = hexadecimal(packed)
    inner = keccak(packed)
    steps["inner"] = hexadecimal(inner)
    hash = bytes(defunct_hash_message(inner))
    steps["digest"] = hexadecimal(hash)
    return hash


def sign_access(input: dict, steps: Steps) -> dict:
    hash = digest(read_claim(input), steps)
    return {"signature": sign(hash, member(input, "privateKey"), steps)}


def verify_access(input: dict, steps: Steps) -> dict:
    proof = object_(member(input, "proof"))
    read_kind(member(proof, "kind"))
    claim = read_claim(proof)
    signer = recover(digest(claim, steps), member(proof, "signature"), steps)
    payer = hexadecimal(claim["payer"])
    if signer != payer:
        raise Refusal(f"signed by {signer}")
    if abs(claim["timestamp"] - integer(member(input, "now"))) > WINDOW:
        raise Refusal("outside the window")
    return {"payer": payer}


def read_proof(value: Any) -> dict:
    proof = object_(value)
    kind = read_kind(member(proof, "kind"))
    claim = read_claim(proof)
    return {
        "kind": kind,
        "subId": hexadecimal(claim["subId"]),
        "payer": hexadecimal(claim["payer"]),
        "timestamp": claim["timestamp"],
        "signature": hexadecimal(data(member(proof, "signature"))),
    }


def decode_app_access(input: dict, steps: Steps) -> dict:
    field = text(member(input, "field"))
    steps["json"] = utf8(base64url_decoded(field, padding=True))
    return {"proof": read_proof(json_object(steps["json"]))}


def encode_app_access(input: dict, steps: Steps) -> dict:
    steps["json"] = canonical(read_proof(member(input, "proof")))
    return {"field": base64url_encoded(steps["json"].encode())}


OPERATIONS: dict[str, Operation] = {
    "period.access.sign": sign_access,
    "period.access.verify": verify_access,
    "period.app-access.decode": decode_app_access,
    "period.app-access.encode": encode_app_access,
}
