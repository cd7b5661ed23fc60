"""The golden vectors' operations that are public functions of pympp's core.

The target okx-python-mpp has them from here, with its own version of pympp.
"""

from datetime import datetime

from mpp import BodyDigest, Challenge, ChallengeEcho, Credential, Receipt, generate_challenge_id

CHALLENGE = ["id", "realm", "method", "intent", "request", "expires", "digest", "description"]
RECEIPT = {
    "status": "status",
    "method": "method",
    "timestamp": "timestamp",
    "reference": "reference",
    "externalId": "external_id",
}


class Refused(Exception):
    """A function says no by what it returns."""


def evaluate(operation, given):
    try:
        return {"output": operation(given)}
    except Exception as error:
        return {"refusal": f"{type(error).__name__}: {error}"}


def challenge_id(given):
    secret = given.pop("secret")
    return {"id": generate_challenge_id(secret_key=secret, **given)}


def challenge_parse(given):
    challenge = Challenge.from_www_authenticate(given["field"])
    # Only the echo has `request` and `opaque` as text.
    parsed = members_of(challenge.to_echo()) | members_of(challenge, ["description"])
    return {"challenge": parsed}


def credential_parse(given):
    credential = Credential.from_authorization(given["field"])
    challenge = members_of(credential.challenge)
    return {"challenge": challenge, **members_of(credential, ["payload", "source"])}


def credential_format(given):
    return {"field": credential_of(given["credential"]).to_authorization()}


def receipt_parse(given):
    receipt = Receipt.from_payment_receipt(given["field"])
    parsed = {member: getattr(receipt, name) for member, name in RECEIPT.items()}
    return {"receipt": present(parsed | {"timestamp": receipt.timestamp.isoformat()})}


def receipt_format(given):
    receipt = {RECEIPT.get(member, member): value for member, value in given["receipt"].items()}
    if "timestamp" in receipt:
        receipt["timestamp"] = datetime.fromisoformat(receipt["timestamp"])
    return {"field": Receipt(**receipt).to_payment_receipt()}


def digest_compute(given):
    return {"digest": BodyDigest.compute(from_hex(given["body"]))}


def digest_verify(given):
    if not BodyDigest.verify(given["digest"], from_hex(given["body"])):
        raise Refused("BodyDigest.verify() is False")
    return {"valid": True}


def credential_of(given):
    if "challenge" in given:
        given["challenge"] = ChallengeEcho(**given["challenge"])
    return Credential(**given)


def from_hex(text):
    return bytes.fromhex(text.removeprefix("0x"))


OPERATIONS = {
    "mpp.challenge.id": challenge_id,
    "mpp.challenge.id-with-header": challenge_id,
    "mpp.challenge.parse": challenge_parse,
    "mpp.credential.parse": credential_parse,
    "mpp.credential.format": credential_format,
    "mpp.receipt.parse": receipt_parse,
    "mpp.receipt.format": receipt_format,
    "mpp.digest.without-colons": digest_compute,
    "mpp.digest.verify": digest_verify,
}
