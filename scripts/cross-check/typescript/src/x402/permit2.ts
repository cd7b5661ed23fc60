import { signAndVerify, struct } from "../evm/eip712.ts";
import type { Operations } from "../operation.ts";

const permit = (witness: string) =>
  struct({
    PermitWitnessTransferFrom:
      "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness",
    TokenPermissions: "address token,uint256 amount",
    Witness: witness,
  });

export const permit2: Operations = {
  ...signAndVerify("x402.exact-permit2", permit("address to,uint256 validAfter")),
  ...signAndVerify("x402.upto-permit2", permit("address to,address facilitator,uint256 validAfter")),
};
