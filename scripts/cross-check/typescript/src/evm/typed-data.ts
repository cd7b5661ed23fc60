import type { Operation, Operations } from "../operation.ts";
import { type Struct, domainSeparator, signAndVerify, struct } from "./eip712.ts";

const authorization = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce";
const channelAuthorization = "bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline";

const permit = (primary: string, permitted: string, witness: string, witnessMembers: string): Struct =>
  struct({
    [primary]: `${permitted} permitted,address spender,uint256 nonce,uint256 deadline,${witness} witness`,
    [witness]: witnessMembers,
    TokenPermissions: "address token,uint256 amount",
  });
const permitOne = (witness: string, members: string) =>
  permit("PermitWitnessTransferFrom", "TokenPermissions", witness, members);
const permitBatch = (witness: string, members: string) =>
  permit("PermitBatchWitnessTransferFrom", "TokenPermissions[]", witness, members);

const payment = "bytes32 challengeHash,string externalId";
// The draft's type string has a space that EIP-712 does not, and so another hash.
const draftedPayment = "bytes32 challengeHash, string externalId";

const separator: Operation = (input, step) => ({ domainSeparator: domainSeparator(input, step).separator });

export const transfer = struct({ TransferWithAuthorization: authorization });

const structs: { [operation: string]: Struct } = {
  "evm.transfer": transfer,
  "evm.receive": struct({ ReceiveWithAuthorization: authorization }),
  "evm.cancel": struct({ CancelAuthorization: "address authorizer,bytes32 nonce" }),
  "evm.voucher": struct({ Voucher: "bytes32 channelId,uint128 cumulativeAmount" }),
  "evm.settle": struct({ SettleAuthorization: channelAuthorization }),
  "evm.close": struct({ CloseAuthorization: channelAuthorization }),
  "evm.permit2-charge.standard": permitOne("PaymentWitness", payment),
  "evm.permit2-charge.drafted": permitOne("PaymentWitness", draftedPayment),
  "evm.permit2-split.standard": permitBatch("PaymentWitness", payment),
  "evm.permit2-split.drafted": permitBatch("PaymentWitness", draftedPayment),
  "evm.permit2-open": permitOne("ChannelOpenWitness", "address payee,bytes32 salt,address authorizedSigner"),
  "evm.permit2-top-up": permitOne("ChannelTopUpWitness", "bytes32 channelId"),
};

export const typedData: Operations = Object.assign(
  { "evm.domain.separator": separator },
  ...Object.entries(structs).map(([name, struct]) => signAndVerify(name, struct)),
);
