import { Hash, Hex } from "ox";
import { address, bytes, bytes32 } from "../evm/abi.ts";
import { readPrivateKey, recover, sign } from "../evm/signature.ts";
import type { JsonObject } from "../json.ts";
import { integer, object, text } from "../members.ts";
import { type Operations, type Step, refuse } from "../operation.ts";

const windowInSeconds = 300;

export const access: Operations = {
  "period.access.sign": (input, step) => ({ signature: sign(digest(input, step), readPrivateKey(input), step) }),

  "period.access.verify": (input, step) => {
    const proof = object(input, "proof");
    if (text(proof, "kind") !== "subscription-id") refuse("kind is unknown");
    const signer = recover(digest(proof, step), bytes(proof, "signature"), step);
    if (signer !== address(proof, "payer")) refuse("another signer");
    const age = integer(input, "now") - integer(proof, "timestamp");
    return Math.abs(age) <= windowInSeconds ? { payer: signer } : refuse("the proof is not of now");
  },
};

function digest(proof: JsonObject, step: Step): Hex.Hex {
  const time = Hex.fromNumber(integer(proof, "timestamp"), { size: 32 });
  const packed = step("packed", Hex.concat(bytes32(proof, "subId"), address(proof, "payer"), time));
  const inner = step("inner", Hash.keccak256(packed));
  const prefix = Hex.fromString("\x19Ethereum Signed Message:\n32");
  return step("digest", Hash.keccak256(Hex.concat(prefix, inner)));
}
