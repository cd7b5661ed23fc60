import { createHmac } from "node:crypto";
import { canonicalJson, type JsonObject } from "../json.ts";
import { has, object, text, withoutNulls } from "../members.ts";
import { type Operation, type Operations, type Step, refuse } from "../operation.ts";

export const challengeId: Operations = {
  "mpp.challenge.id": binding([]),
  "mpp.challenge.id-with-header": binding(["header"]),
};

/** An extension's slots are there only with its parameters; any other slot keeps its place. */
function binding(extensions: string[]): Operation {
  return (input, step) => {
    const given = withoutNulls(input);
    const request = encodeObject(given, "request", step);
    const opaque = has(given, "opaque") ? encodeObject(readOpaque(given), "opaque", step) : undefined;
    const present = extensions.filter((name) => has(given, name));
    const message = step("message", bound({ ...given, request, ...(opaque && { opaque }) }, present));
    const mac = authenticate(text(given, "secret"), message);
    step("mac", `0x${mac.toString("hex")}`);
    return { id: mac.toString("base64url") };
  };
}

/** What the id of a challenge binds, request and opaque being as they are on the wire. */
export function bound(challenge: JsonObject, extensions: string[] = []): string {
  const required = ["realm", "method", "intent", "request"].map((name) => text(challenge, name));
  const optional = ["expires", "digest", ...extensions, "opaque"].map((name) =>
    has(challenge, name) ? text(challenge, name) : "",
  );
  return [...required, ...optional].join("|");
}

export function authenticate(secret: string, message: string): Buffer {
  if (secret === "") refuse("secret is empty");
  return createHmac("sha256", secret).update(message).digest();
}

function encodeObject(input: JsonObject, name: string, step: Step): string {
  const canonical = step(`${name}Canonical`, canonicalJson(object(input, name)));
  return step(`${name}Encoded`, Buffer.from(canonical).toString("base64url"));
}

function readOpaque(input: JsonObject): JsonObject {
  const opaque = object(input, "opaque");
  return Object.values(opaque).every((value) => typeof value === "string") ? input : refuse("opaque is not flat");
}
