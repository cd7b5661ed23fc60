import { createHmac } from "node:crypto";
import { bytes32 } from "../evm/abi.ts";
import { encodeHex } from "../hex.ts";
import type { JsonObject } from "../json.ts";
import { text } from "../members.ts";
import { type Operations, type Step, refuse } from "../operation.ts";

export const request: Operations = {
  "sa.request.sign": (input, step) => ({ signature: sign(input, step) }),
  "sa.request.verify": (input, step) => {
    const given = text(input, "signature");
    const expected = step("expected", sign(input, step));
    return given === expected ? { valid: true } : refuse("another signature");
  },
  "sa.status.path": (input) => {
    bytes32(input, "channelId");
    return { method: "GET", path: `/api/v6/pay/mpp/session/status?channelId=${text(input, "channelId")}` };
  },
};

function sign(input: JsonObject, step: Step): string {
  const message = ["timestamp", "method", "path", "body"].map((name) => text(input, name)).join("");
  const mac = createHmac("sha256", text(input, "secret")).update(step("message", message)).digest();
  step("mac", encodeHex(mac));
  return mac.toString("base64");
}
