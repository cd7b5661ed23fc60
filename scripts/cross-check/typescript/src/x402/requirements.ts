import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "../json.ts";
import { has, list, object } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";
import { readOffer } from "./messages.ts";

export const requirements: Operations = {
  "x402.requirements.match": (input, step) => {
    const accepted = readOffer(object(input, "accepted"));
    const offers = list(input, "accepts").map(readOffer);
    const differences = step(
      "differences",
      offers.map((offer) => contradictions(offer, accepted)),
    );
    const index = differences.findIndex((members) => members.length === 0);
    return index >= 0 ? { index } : refuse("no offer was accepted");
  },
};

const contradictions = (offer: JsonObject, accepted: JsonObject): string[] => [
  ...["scheme", "network", "amount"].filter((name) => offer[name] !== accepted[name]),
  ...["asset", "payTo"].filter((name) => withoutChecksum(offer[name]!) !== withoutChecksum(accepted[name]!)),
  ...(contradictsExtra(offer.extra ?? {}, accepted.extra ?? {}) ? ["extra"] : []),
];

/** What the client adds contradicts nothing, nor what it leaves out. */
const contradictsExtra = (offered: Json, accepted: Json): boolean =>
  Object.entries(offered as JsonObject).some(
    ([name, value]) => has(accepted as JsonObject, name) && !isDeepStrictEqual(value, (accepted as JsonObject)[name]),
  );

/** An address of EVM is one in any case; other names are not. */
const withoutChecksum = (name: Json): Json =>
  typeof name === "string" && /^0x[0-9a-fA-F]{40}$/.test(name) ? name.toLowerCase() : name;
