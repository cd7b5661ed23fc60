"""Signs digests, and tells who signed one."""

from typing import Any

from eth_account import Account
from eth_keys import keys
from eth_keys.constants import SECPK1_N as ORDER
from eth_keys.exceptions import BadSignature

from ..core import Refusal, Steps
from ..members import data, hexadecimal, member, word


def note_scalars(r: int, s: int, v: int, steps: Steps) -> None:
    steps["r"] = hexadecimal(r.to_bytes(32))
    steps["s"] = hexadecimal(s.to_bytes(32))
    steps["v"] = v


def key_of(private_key: Any) -> bytes:
    key = word(private_key)
    if not 0 < int.from_bytes(key) < ORDER:
        raise Refusal("the private key is not in the group")
    return key


def account(private_key: Any) -> str:
    return Account.from_key(key_of(private_key)).address.lower()


def sign(digest: bytes, private_key: Any, steps: Steps) -> str:
    signed = Account.unsafe_sign_hash(digest, key_of(private_key))
    note_scalars(signed.r, signed.s, signed.v, steps)
    steps["signer"] = account(private_key)
    return hexadecimal(signed.signature)


def recover(digest: bytes, signature: Any, steps: Steps) -> str:
    read = data(signature)
    if len(read) != 65:
        raise Refusal(f"a signature of {len(read)} bytes")
    r, s, v = int.from_bytes(read[:32]), int.from_bytes(read[32:64]), read[64]
    note_scalars(r, s, v, steps)
    if v not in (27, 28):
        raise Refusal(f"v is {v}")
    if not (0 < r < ORDER and 0 < s < ORDER):
        raise Refusal("r or s is not in the group")
    if s > ORDER // 2:
        raise Refusal("s is in the upper half")
    try:
        public_key = keys.Signature(
            vrs=(v - 27, r, s)
        ).recover_public_key_from_msg_hash(digest)
    except BadSignature as reason:
        raise Refusal(f"nobody's signature: {reason}") from reason
    return public_key.to_address()


def signature_recover(input: dict, steps: Steps) -> dict:
    digest = word(member(input, "digest"))
    return {"signer": recover(digest, member(input, "signature"), steps)}


OPERATIONS = {"evm.signature.recover": signature_recover}
