import { createHmac } from "node:crypto";
import canonicalize from "canonicalize";
import type { JsonObject } from "../json.ts";
import { has, object, text } from "../members.ts";
import { type Operations, type Step, refuse } from "../operation.ts";

export const challenge: Operations = {
  "mpp.challenge.id": (input, step) => {
    const secret = text(input, "secret");
    if (secret === "") refuse("secret is empty");
    const message = step("message", slots(input, step).join("|"));
    const mac = createHmac("sha256", secret).update(message).digest();
    step("mac", `0x${mac.toString("hex")}`);
    return { id: mac.toString("base64url") };
  },
};

/** Seven slots; that of an absent parameter is empty, and keeps its place. */
function slots(input: JsonObject, step: Step): string[] {
  const required = ["realm", "method", "intent"].map((name) => text(input, name));
  const request = encodeObject(input, "request", step);
  const optional = ["expires", "digest"].map((name) => (has(input, name) ? text(input, name) : ""));
  const opaque = has(input, "opaque") ? encodeObject(input, "opaque", step) : "";
  return [...required, request, ...optional, opaque];
}

function encodeObject(input: JsonObject, name: string, step: Step): string {
  const canonical = step(`${name}Canonical`, canonicalize(object(input, name))!);
  return step(`${name}Encoded`, Buffer.from(canonical).toString("base64url"));
}
