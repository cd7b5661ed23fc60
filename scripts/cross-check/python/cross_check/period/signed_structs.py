"""What the two sides of a subscription sign under EIP-712."""

from ..core import Operation, Steps
from ..evm.typed_data import Struct, operations_on
from ..members import hexadecimal, member

PERMIT_SINGLE = (
    "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)",
    "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
)
TERMS_OF_THE_SEED = (
    "SubscriptionTerms(address payer,address merchant,address facilitator,"
    "address token,uint256 amountPerPeriod,uint256 periodSec,uint8 periodMode,"
    "uint256 maxPeriods,uint256 startAt,uint256 initialChargePeriods,"
    "uint256 initialChargeAmount,uint256 planTier,bytes32 changeFromSubId,"
    "uint8 changeEffectiveAt,bytes32 permitHash,bytes32 salt,uint64 termsDeadline)"
)
TERMS_OF_ONCHAINOS = (
    "SubscriptionTerms(address payer,address merchant,address facilitator,"
    "address token,uint160 amountPerPeriod,uint64 periodSec,uint32 maxPeriods,"
    "uint64 startAt,uint32 initialChargePeriods,uint160 initialChargeAmount,"
    "uint64 termsDeadline,bytes32 permitHash,bytes32 salt,uint8 planTier,"
    "bytes32 changeFromSubId,uint8 changeEffectiveAt,uint8 periodMode)"
)
SIGNED_STRUCTS = {
    "period.cancel": (
        "CancelAuth(uint8 action,bytes32 subId,uint8 initiator,"
        "bytes32 nonce,uint64 deadline)",
    ),
    "period.pending-change-cancel": (
        "PendingChangeCancelAuth(bytes32 subId,bytes32 newSubId,"
        "bytes32 nonce,uint64 deadline)",
    ),
    "period.permit-single": PERMIT_SINGLE,
    "period.terms-cli": (TERMS_OF_ONCHAINOS,),
    "period.terms-seed": (TERMS_OF_THE_SEED,),
}


def permit_hash(input: dict, steps: Steps) -> dict:
    permit = Struct(*PERMIT_SINGLE)
    allowance = permit.read(permit.name, member(input, "permitSingle"))
    details = allowance["details"]
    steps["detailsTypeHash"] = hexadecimal(permit.type_hash("PermitDetails"))
    steps["encodedDetails"] = hexadecimal(permit.encoded_data("PermitDetails", details))
    steps["detailsHash"] = hexadecimal(permit.encoded("PermitDetails", details))
    steps["encodedType"] = permit.encoded_type(permit.name)
    steps["typeHash"] = hexadecimal(permit.type_hash(permit.name))
    steps["encodedData"] = hexadecimal(permit.encoded_data(permit.name, allowance))
    return {"permitHash": hexadecimal(permit.encoded(permit.name, allowance))}


OPERATIONS: dict[str, Operation] = {"period.permit-hash": permit_hash} | operations_on(
    SIGNED_STRUCTS
)
