import { isObject, type Json, type JsonObject } from "../json.ts";
import { has, object, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

const fields = {
  2: ["payment-required", "payment-signature", "payment-response"],
  1: ["x-payment", "x-payment-response"],
};

export const version: Operations = {
  "x402.version.detect": (input, step) => {
    const byHeader = step("byHeader", versionOfHeaders(object(input, "headers")));
    const byBody = step("byBody", has(input, "body") ? versionOfBody(text(input, "body")) : null);
    return { version: byHeader ?? byBody ?? refuse("no x402") };
  },
};

function versionOfHeaders(headers: JsonObject): number | null {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const tells = (version: 1 | 2) => fields[version].some((field) => names.includes(field));
  return tells(2) ? 2 : tells(1) ? 1 : null;
}

/** A body of version 2 tells nothing: its message is in a header. */
function versionOfBody(body: string): number | null {
  let read: Json;
  try {
    read = JSON.parse(body);
  } catch {
    return null;
  }
  return isObject(read) && read.x402Version === 1 ? 1 : null;
}
