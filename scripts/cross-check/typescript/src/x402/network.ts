import type { JsonObject } from "../json.ts";
import { text } from "../members.ts";
import { type Operations, type Step, refuse, unnoted } from "../operation.ts";

export const network: Operations = {
  "x402.network.parse": (input, step) => readNetwork(text(input, "network"), step),
};

/** A name of CAIP-2. */
export function readNetwork(name: string, step: Step = unnoted): JsonObject {
  const colon = name.indexOf(":");
  if (colon < 0) refuse("no namespace");
  const namespace = step("namespace", name.slice(0, colon));
  const reference = step("reference", name.slice(colon + 1));
  if (!/^[-a-z0-9]{3,8}$/.test(namespace)) refuse("no namespace of CAIP-2");
  if (!/^[-_a-zA-Z0-9]{1,32}$/.test(reference)) refuse("no reference of CAIP-2");
  if (namespace !== "eip155") return { namespace, reference };
  return /^[0-9]+$/.test(reference) ? { namespace, reference, chainId: reference } : refuse("no chain id");
}
