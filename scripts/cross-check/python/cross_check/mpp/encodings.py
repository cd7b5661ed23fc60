"""Base64url, canonical JSON, expiries and the digests of bodies."""

import hashlib
import re

from ..base64_text import (
    base64_decoded,
    base64_encoded,
    base64url_decoded,
    base64url_encoded,
)
from ..core import Operation, Refusal, Steps
from ..json_text import canonical, json_value
from ..members import data, hexadecimal, member, text
from ..rfc3339 import instant

# As RFC 9530 has it, and as the published SDKs write it.
DIGEST = re.compile(r"sha-256=(:?)([^:]*)\1")


def encode(input: dict, steps: Steps) -> dict:
    return {"text": base64url_encoded(data(member(input, "bytes")))}


def decode(input: dict, steps: Steps) -> dict:
    return {"bytes": hexadecimal(base64url_decoded(text(member(input, "text"))))}


def canonicalize(input: dict, steps: Steps) -> dict:
    return {"canonical": canonical(json_value(text(member(input, "json"))))}


def expires(input: dict, steps: Steps) -> dict:
    seconds, nanoseconds = instant(text(member(input, "text")))
    return {"epochSeconds": seconds, "nanoseconds": nanoseconds}


def hashed(input: dict, steps: Steps) -> bytes:
    hash = hashlib.sha256(data(member(input, "body"))).digest()
    steps["sha256"] = hexadecimal(hash)
    steps["base64"] = base64_encoded(hash)
    return hash


def digest_rfc9530(input: dict, steps: Steps) -> dict:
    hashed(input, steps)
    return {"digest": f"sha-256=:{steps['base64']}:"}


def digest_without_colons(input: dict, steps: Steps) -> dict:
    hashed(input, steps)
    return {"digest": f"sha-256={steps['base64']}"}


def check_digest(digest: str, hash: bytes) -> None:
    read = DIGEST.fullmatch(digest)
    if not read:
        raise Refusal(f"{digest!r} is no digest of sha-256")
    if base64_decoded(read[2]) != hash:
        raise Refusal("the digest of another body")


def verify_digest(input: dict, steps: Steps) -> dict:
    hash = hashed(input, steps)
    check_digest(text(member(input, "digest")), hash)
    return {"algorithm": "sha-256"}


OPERATIONS: dict[str, Operation] = {
    "mpp.base64url.decode": decode,
    "mpp.base64url.encode": encode,
    "mpp.digest.rfc9530": digest_rfc9530,
    "mpp.digest.verify": verify_digest,
    "mpp.digest.without-colons": digest_without_colons,
    "mpp.expires.parse": expires,
    "mpp.json.canonicalize": canonicalize,
}
