"""Operations of the golden vectors that pympp has for EVM chains and x402."""

from mpp import x402
from mpp.methods.evm import challenge_hash
from mpp.methods.tempo import parse_pkh_source
from pympp_operations import Refused


def evm_challenge_hash(given):
    names = {"id": "challenge_id", "realm": "realm"}
    return {"challengeHash": challenge_hash(**{names[name]: given[name] for name in given})}


def did_parse(given):
    payer = parse_pkh_source(given["text"])
    if payer is None:
        raise Refused("parse_pkh_source() is None")
    # An address is text in the SDK, and has small letters in the vectors.
    return {"chainId": payer.chain_id, "address": payer.address.lower()}


def decoding(decode, name):
    return lambda given: {name: decode(given["field"])}


def encoding(encode, name):
    return lambda given: {"field": encode(given[name])}


OPERATIONS = {
    "evm.challenge-hash": evm_challenge_hash,
    "mpp.did.parse": did_parse,
    "x402.payment-required.decode": decoding(x402.decode_payment_required, "paymentRequired"),
    "x402.payment-required.encode": encoding(x402.encode_payment_required, "paymentRequired"),
    "x402.payment-response.decode": decoding(x402.decode_payment_response, "settleResponse"),
    "x402.payment-response.encode": encoding(x402.encode_payment_response, "settleResponse"),
    "x402.payment-signature.decode": decoding(x402.decode_payment_signature, "paymentPayload"),
    "x402.payment-signature.encode": encoding(x402.encode_payment_signature, "paymentPayload"),
}
