"""Operations of the golden vectors that are public functions of pympp's core.

okx-python-mpp has them from here too, with the pympp it is pinned to.
"""

import json
from dataclasses import fields
from datetime import datetime
from inspect import isawaitable

from mpp import BodyDigest, Challenge, ChallengeEcho, Credential, Receipt, generate_challenge_id
from mpp.extensions.mcp import MCPCredential, MCPReceipt

CHALLENGE = [
    "id",
    "realm",
    "method",
    "intent",
    "request",
    "expires",
    "digest",
    "description",
    "opaque",
]
MCP_RECEIPT = ["status", "method", "timestamp", "challengeId", "reference"]


class Refused(Exception):
    """The SDK says no by what it returns."""


async def evaluate(operation, given):
    try:
        output = operation(given)
        if isawaitable(output):
            output = await output
    except Exception as error:
        return {"refusal": f"{type(error).__name__}: {error}"}
    # Python reads NaN in JSON; back to the harness it can only go as text.
    return {"output": json.loads(json.dumps(output), parse_constant=str)}


def challenge_id(given):
    secret = given.pop("secret")
    return {"id": generate_challenge_id(secret_key=secret, **given)}


def challenge_parse(given):
    challenge = Challenge.from_www_authenticate(given["field"])
    # The SDK decodes `request` and `opaque`; as text only an echo has them.
    echo = challenge.to_echo()
    return {"challenge": members(echo, CHALLENGE) | members(challenge, ["description"])}


def credential_parse(given):
    credential = Credential.from_authorization(given["field"])
    challenge = members(credential.challenge, CHALLENGE)
    return {"challenge": challenge, **members(credential, ["payload", "source"])}


def credential_format(given):
    return {"field": credential_of(given["credential"]).to_authorization()}


def credential_of(given):
    if "challenge" in given:
        # An echo has no description in earlier versions.
        names = {field.name for field in fields(ChallengeEcho)}
        echo = {name: value for name, value in given["challenge"].items() if name in names}
        given["challenge"] = ChallengeEcho(**echo)
    return Credential(**given)


def receipt_parse(given):
    receipt = Receipt.from_payment_receipt(given["field"])
    # The SDK writes a timestamp like this itself.
    timestamp = receipt.timestamp.isoformat().replace("+00:00", "Z")
    parsed = members(receipt, ["status", "method", "reference"])
    return {"receipt": {**parsed, "timestamp": timestamp}}


def receipt_format(given):
    receipt = given["receipt"]
    if "timestamp" in receipt:
        receipt["timestamp"] = datetime.fromisoformat(receipt["timestamp"])
    return {"field": Receipt(**receipt).to_payment_receipt()}


def digest_compute(given):
    return {"digest": BodyDigest.compute(from_hex(given["body"]))}


def digest_verify(given):
    if not BodyDigest.verify(given["digest"], from_hex(given["body"])):
        raise Refused("BodyDigest.verify() is False")
    return {"algorithm": "sha-256"}


def mcp_credential_parse(given):
    credential = MCPCredential.from_meta(meta_of(given["message"], "params"))
    if credential is None:
        raise Refused("MCPCredential.from_meta() is None")
    return credential.to_dict()


def mcp_receipt_parse(given):
    receipt = MCPReceipt.from_meta(meta_of(given["message"], "result"))
    if receipt is None:
        raise Refused("MCPReceipt.from_meta() is None")
    written = receipt.to_dict()
    return {"receipt": {member: written[member] for member in MCP_RECEIPT if member in written}}


def meta_of(message, part):
    # Where the SDK's documentation looks for it.
    return message.get(part, {}).get("_meta")


def members(value, names):
    present = {name: getattr(value, name, None) for name in names}
    return {name: member for name, member in present.items() if member is not None}


def from_hex(text):
    if not text.startswith("0x"):
        raise ValueError("bytes are written with 0x")
    return bytes.fromhex(text[2:])


OPERATIONS = {
    "mpp.challenge.id": challenge_id,
    "mpp.challenge.id-with-header": challenge_id,
    "mpp.challenge.parse": challenge_parse,
    "mpp.credential.format": credential_format,
    "mpp.credential.parse": credential_parse,
    "mpp.digest.verify": digest_verify,
    "mpp.digest.without-colons": digest_compute,
    "mpp.mcp.credential.parse": mcp_credential_parse,
    "mpp.mcp.receipt.parse": mcp_receipt_parse,
    "mpp.receipt.format": receipt_format,
    "mpp.receipt.parse": receipt_parse,
}
