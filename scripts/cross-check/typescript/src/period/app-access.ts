import { decodeBase64, decodeUtf8 } from "../base64.ts";
import { address, bytes, bytes32 } from "../evm/abi.ts";
import { canonicalJson, type JsonObject, parseJsonObject } from "../json.ts";
import { integer, object, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const appAccess: Operations = {
  "period.app-access.encode": (input, step) => {
    const proof = readProof(object(input, "proof"));
    const json = step("json", canonicalJson(proof));
    return { field: Buffer.from(json).toString("base64url") };
  },
  "period.app-access.decode": (input, step) => {
    const written = decodeBase64(text(input, "field"), { alphabet: "base64url", padded: "either" });
    return { proof: readProof(parseJsonObject(step("json", decodeUtf8(written)))) };
  },
};

function readProof(proof: JsonObject): JsonObject {
  const kind = text(proof, "kind");
  if (kind !== "subscription-id") refuse("kind is unknown");
  return {
    kind,
    subId: bytes32(proof, "subId"),
    payer: address(proof, "payer"),
    timestamp: integer(proof, "timestamp"),
    signature: bytes(proof, "signature"),
  };
}
