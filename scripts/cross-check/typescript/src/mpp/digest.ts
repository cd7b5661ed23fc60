import { Hash, Hex } from "ox";
import { bytes } from "../evm/abi.ts";
import { decodeHex } from "../hex.ts";
import { text } from "../members.ts";
import { type Operation, type Operations, type Step, refuse, unnoted } from "../operation.ts";

export const digest: Operations = {
  "mpp.digest.rfc9530": writing(withColons),
  "mpp.digest.without-colons": writing(withoutColons),
  "mpp.digest.verify": (input, step) => {
    const base64 = hash(bytes(input, "body"), step);
    return isDigest(text(input, "digest"), base64) ? { algorithm: "sha-256" } : refuse("the digest is another body's");
  },
};

/** Refuses a body that a challenge with this digest was not issued for. */
export function checkBody(digest: string, body: string, step: Step): void {
  const base64 = hash(Hex.fromString(body), unnoted);
  step("bodyDigest", withColons(base64));
  if (!isDigest(digest, base64)) refuse("the digest is another body's");
}

function writing(write: (base64: string) => string): Operation {
  return (input, step) => ({ digest: write(hash(bytes(input, "body"), step)) });
}

const hash = (body: Hex.Hex, step: Step): string =>
  step("base64", decodeHex(step("sha256", Hash.sha256(body))).toString("base64"));

const isDigest = (text: string, base64: string): boolean => [withColons(base64), withoutColons(base64)].includes(text);

/** As RFC 9530 has it. */
function withColons(base64: string): string {
  return `sha-256=:${base64}:`;
}

/** As the published SDKs write it. */
function withoutColons(base64: string): string {
  return `sha-256=${base64}`;
}
