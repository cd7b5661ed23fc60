package main

const terms = "SubscriptionTerms(address payer,address merchant,address facilitator,address token,"

var periodTypedData = signedMessages(periodMessages)

var periodMessages = map[string]structTypes{
	"period.terms-seed": {terms + "uint256 amountPerPeriod,uint256 periodSec,uint8 periodMode," +
		"uint256 maxPeriods,uint256 startAt,uint256 initialChargePeriods,uint256 initialChargeAmount," +
		"uint256 planTier,bytes32 changeFromSubId,uint8 changeEffectiveAt,bytes32 permitHash," +
		"bytes32 salt,uint64 termsDeadline)"},
	"period.terms-cli": {terms + "uint160 amountPerPeriod,uint64 periodSec,uint32 maxPeriods," +
		"uint64 startAt,uint32 initialChargePeriods,uint160 initialChargeAmount,uint64 termsDeadline," +
		"bytes32 permitHash,bytes32 salt,uint8 planTier,bytes32 changeFromSubId," +
		"uint8 changeEffectiveAt,uint8 periodMode)"},
	"period.cancel":                {"CancelAuth(uint8 action,bytes32 subId,uint8 initiator,bytes32 nonce,uint64 deadline)"},
	"period.pending-change-cancel": {"PendingChangeCancelAuth(bytes32 subId,bytes32 newSubId,bytes32 nonce,uint64 deadline)"},
	"period.permit-single":         {permitSingle, permitDetails},
}

const (
	permitSingle  = "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)"
	permitDetails = "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
)

var periods = map[string]operation{
	"period.access.sign":       signAccess,
	"period.access.verify":     verifyAccess,
	"period.app-access.decode": decodeAccess,
	"period.app-access.encode": encodeAccess,
	"period.permit-hash":       permitHash,
}

func permitHash(in, steps object) any {
	types := structTypes{permitSingle, permitDetails}
	permit := nested(in, "permitSingle")
	details := types.encodeData(permitDetails, nested(permit, "details"))
	detailsTypeHash := keccak([]byte(permitDetails))
	steps["detailsTypeHash"] = hexOf(detailsTypeHash)
	steps["encodedDetails"] = hexOf(details)
	steps["detailsHash"] = hexOf(keccak(detailsTypeHash, details))

	encodedType := types.encodeType(permitSingle)
	typeHash := keccak([]byte(encodedType))
	data := types.encodeData(permitSingle, permit)
	steps["encodedType"] = encodedType
	steps["typeHash"] = hexOf(typeHash)
	steps["encodedData"] = hexOf(data)
	return object{"permitHash": hexOf(keccak(typeHash, data))}
}
