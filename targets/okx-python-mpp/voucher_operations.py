"""Golden vectors' operations that are functions of mpp_evm.session.voucher.

The channels' escrow is their domain; the functions take its members one by one.
"""

from mpp_evm.session import sign_voucher, verify_voucher
from mpp_evm.session.voucher import (
    compute_domain_separator,
    sign_authorization,
    validate_voucher_signature,
)
from mpp_evm.signer import PrivateKeySigner
from pympp_operations import Refused, from_hex


def domain_separator(given):
    names = {
        "name": "name",
        "version": "version",
        "chainId": "chain_id",
        "verifyingContract": "verifying_contract",
    }
    domain = {names[member]: value for member, value in given["domain"].items()}
    return {"domainSeparator": to_hex(compute_domain_separator(**domain))}


def voucher_sign(given):
    signature = sign_voucher(signer=signer(given), **domain(given), **voucher(given["message"]))
    return {"signature": to_hex(signature)}


def voucher_verify(given):
    signature = from_hex(given["signature"])
    # Always together, and in this order, in the SDK's session handlers.
    validate_voucher_signature(signature)
    is_valid = verify_voucher(
        signature=signature,
        expected_signer=given["signer"],
        **domain(given),
        **voucher(given["message"]),
    )
    if not is_valid:
        raise Refused("verify_voucher() is False")
    return {"signer": given["signer"]}


def settle_sign(given):
    return authorization_sign("SettleAuthorization", given)


def close_sign(given):
    return authorization_sign("CloseAuthorization", given)


def authorization_sign(primary_type, given):
    message = given["message"]
    signature = sign_authorization(
        signer=signer(given),
        primary_type=primary_type,
        nonce=int(message["nonce"]),
        deadline=int(message["deadline"]),
        **domain(given),
        **voucher(message),
    )
    return {"signature": to_hex(signature)}


def signer(given):
    return PrivateKeySigner.from_hex(given["privateKey"])


def domain(given):
    domain = given["domain"]
    return {
        "domain_name": domain["name"],
        "domain_version": domain["version"],
        "chain_id": domain["chainId"],
        "escrow_contract": domain["verifyingContract"],
    }


def voucher(message):
    return {
        "channel_id": from_hex(message["channelId"]),
        "cumulative_amount": int(message["cumulativeAmount"]),
    }


def to_hex(data):
    return "0x" + data.hex()


OPERATIONS = {
    "evm.domain.separator": domain_separator,
    "evm.voucher.sign": voucher_sign,
    "evm.voucher.verify": voucher_verify,
    "evm.settle.sign": settle_sign,
    "evm.close.sign": close_sign,
}
