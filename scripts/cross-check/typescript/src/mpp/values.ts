import { decodeBase64 } from "../base64.ts";
import { decodeHex, encodeHex } from "../hex.ts";
import { readInstant } from "../instant.ts";
import { canonicalJson, parseJson } from "../json.ts";
import { text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const values: Operations = {
  "mpp.base64url.decode": (input) => ({
    bytes: encodeHex(decodeBase64(text(input, "text"), { alphabet: "base64url", padded: "either" })),
  }),
  "mpp.base64url.encode": (input) => ({ text: decodeHex(text(input, "bytes")).toString("base64url") }),
  "mpp.expires.parse": (input) => readInstant(text(input, "text")),
  "mpp.json.canonicalize": (input) => ({ canonical: canonicalJson(parseJson(text(input, "json"))) }),
  "mpp.did.parse": (input) => {
    const [, chainId, address] =
      /^did:pkh:eip155:(0|[1-9]\d*):(0x[0-9a-fA-F]{40})$/.exec(text(input, "text")) ??
      refuse("the source is no account");
    return { chainId: Number(chainId), address: address!.toLowerCase() };
  },
};
