"""Operations of the golden vectors that are functions of mpp_evm.session.voucher."""

from mpp_evm.session import sign_voucher, verify_voucher
from mpp_evm.session.voucher import (
    compute_domain_separator,
    sign_authorization,
    validate_voucher_signature,
)
from mpp_evm.signer import PrivateKeySigner
from pympp_operations import Refused, from_hex

DOMAIN = {
    "name": "name",
    "version": "version",
    "chainId": "chain_id",
    "verifyingContract": "verifying_contract",
}


def domain_separator(given):
    domain = {DOMAIN[member]: value for member, value in given["domain"].items()}
    return {"domainSeparator": to_hex(compute_domain_separator(**domain))}


def voucher_sign(given):
    signature = sign_voucher(**signer(given), **escrow(given), **voucher(given))
    return {"signature": to_hex(signature)}


def voucher_verify(given):
    signature = from_hex(given["signature"])
    # The SDK's session handlers call these two one after the other.
    validate_voucher_signature(signature)
    is_valid = verify_voucher(
        signature=signature, expected_signer=given["signer"], **escrow(given), **voucher(given)
    )
    if not is_valid:
        raise Refused("verify_voucher() is False")
    return {"signer": given["signer"]}


def settle_sign(given):
    return authorization_sign("SettleAuthorization", given)


def close_sign(given):
    return authorization_sign("CloseAuthorization", given)


def authorization_sign(primary_type, given):
    signature = sign_authorization(
        primary_type=primary_type,
        nonce=integer(given["message"]["nonce"]),
        deadline=integer(given["message"]["deadline"]),
        **signer(given),
        **escrow(given),
        **voucher(given),
    )
    return {"signature": to_hex(signature)}


def signer(given):
    return {"signer": PrivateKeySigner.from_hex(given["privateKey"])}


def escrow(given):
    domain = given["domain"]
    return {
        "domain_name": domain["name"],
        "domain_version": domain["version"],
        "chain_id": domain["chainId"],
        "escrow_contract": domain["verifyingContract"],
    }


def voucher(given):
    message = given["message"]
    return {
        "channel_id": from_hex(message["channelId"]),
        "cumulative_amount": integer(message["cumulativeAmount"]),
    }


def integer(text):
    value = int(text)
    if str(value) != text:
        raise ValueError("an integer is written in decimal digits")
    return value


def to_hex(data):
    return "0x" + data.hex()


OPERATIONS = {
    "evm.close.sign": close_sign,
    "evm.domain.separator": domain_separator,
    "evm.settle.sign": settle_sign,
    "evm.voucher.sign": voucher_sign,
    "evm.voucher.verify": voucher_verify,
}
