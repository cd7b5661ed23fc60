"""The types of what is signed, as the drafts and contracts write them."""

PERMISSIONS = "TokenPermissions(address token,uint256 amount)"
PERMIT = (
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,"
    "uint256 nonce,uint256 deadline,{} witness)"
)
PERMIT_BATCH = PERMIT.replace("Permit", "PermitBatch", 1).replace(
    "TokenPermissions permitted", "TokenPermissions[] permitted"
)
PAYMENT = "PaymentWitness(bytes32 challengeHash,string externalId)"
# To the letter of the draft, with its space.
PAYMENT_AS_DRAFTED = "PaymentWitness(bytes32 challengeHash, string externalId)"
CHANNEL_OPEN = "ChannelOpenWitness(address payee,bytes32 salt,address authorizedSigner)"
CHANNEL_TOP_UP = "ChannelTopUpWitness(bytes32 channelId)"
AUTHORIZATION = (
    "WithAuthorization(address from,address to,uint256 value,"
    "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
PAYEE_AUTHORIZATION = (
    "Authorization(bytes32 channelId,uint128 cumulativeAmount,"
    "uint256 nonce,uint256 deadline)"
)


def permit(witness: str, of: str = PERMIT) -> tuple[str, ...]:
    return of.format(witness.partition("(")[0]), PERMISSIONS, witness


# The struct that is signed comes first, then those it refers to.
SIGNED_STRUCTS = {
    "evm.cancel": ("CancelAuthorization(address authorizer,bytes32 nonce)",),
    "evm.close": ("Close" + PAYEE_AUTHORIZATION,),
    "evm.permit2-charge.drafted": permit(PAYMENT_AS_DRAFTED),
    "evm.permit2-charge.standard": permit(PAYMENT),
    "evm.permit2-open": permit(CHANNEL_OPEN),
    "evm.permit2-split.drafted": permit(PAYMENT_AS_DRAFTED, PERMIT_BATCH),
    "evm.permit2-split.standard": permit(PAYMENT, PERMIT_BATCH),
    "evm.permit2-top-up": permit(CHANNEL_TOP_UP),
    "evm.receive": ("Receive" + AUTHORIZATION,),
    "evm.settle": ("Settle" + PAYEE_AUTHORIZATION,),
    "evm.transfer": ("Transfer" + AUTHORIZATION,),
    "evm.voucher": ("Voucher(bytes32 channelId,uint128 cumulativeAmount)",),
}
