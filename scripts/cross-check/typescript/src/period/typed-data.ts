import { Hash, Hex } from "ox";
import { readMembers } from "../evm/abi.ts";
import { encodeData, encodeType, hashText, signAndVerify, struct } from "../evm/eip712.ts";
import { object } from "../members.ts";
import type { Operations } from "../operation.ts";

const details = struct({ PermitDetails: "address token,uint160 amount,uint48 expiration,uint48 nonce" });
const permitSingle = struct({
  PermitSingle: "PermitDetails details,address spender,uint256 sigDeadline",
  ...details.types,
});

// The seed and onchainos have two types that share a name.
const termsOfSeed =
  "address payer,address merchant,address facilitator,address token,uint256 amountPerPeriod,uint256 periodSec," +
  "uint8 periodMode,uint256 maxPeriods,uint256 startAt,uint256 initialChargePeriods,uint256 initialChargeAmount," +
  "uint256 planTier,bytes32 changeFromSubId,uint8 changeEffectiveAt,bytes32 permitHash,bytes32 salt," +
  "uint64 termsDeadline";
const termsOfCli =
  "address payer,address merchant,address facilitator,address token,uint160 amountPerPeriod,uint64 periodSec," +
  "uint32 maxPeriods,uint64 startAt,uint32 initialChargePeriods,uint160 initialChargeAmount,uint64 termsDeadline," +
  "bytes32 permitHash,bytes32 salt,uint8 planTier,bytes32 changeFromSubId,uint8 changeEffectiveAt,uint8 periodMode";

const cancel = "uint8 action,bytes32 subId,uint8 initiator,bytes32 nonce,uint64 deadline";
const cancelPendingChange = "bytes32 subId,bytes32 newSubId,bytes32 nonce,uint64 deadline";

export const typedData: Operations = {
  ...signAndVerify("period.cancel", struct({ CancelAuth: cancel })),
  ...signAndVerify("period.pending-change-cancel", struct({ PendingChangeCancelAuth: cancelPendingChange })),
  ...signAndVerify("period.permit-single", permitSingle),
  ...signAndVerify("period.terms-cli", struct({ SubscriptionTerms: termsOfCli })),
  ...signAndVerify("period.terms-seed", struct({ SubscriptionTerms: termsOfSeed })),

  "period.permit-hash": (input, step) => {
    const { primary, types } = permitSingle;
    const given = object(input, "permitSingle");
    const allowed = readMembers(types[details.primary]!, object(given, "details"));
    const detailsTypeHash = step("detailsTypeHash", hashText(encodeType(details)));
    const encodedDetails = step("encodedDetails", encodeData(details.primary, allowed, types));
    step("detailsHash", Hash.keccak256(Hex.concat(detailsTypeHash, encodedDetails)));
    const permit = readMembers(types[primary]!, given, types);
    const typeHash = step("typeHash", hashText(step("encodedType", encodeType(permitSingle))));
    const data = step("encodedData", encodeData(primary, permit, types));
    return { permitHash: Hash.keccak256(Hex.concat(typeHash, data)) };
  },
};
