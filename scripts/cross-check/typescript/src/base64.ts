import { refuse } from "./operation.ts";

export type Base64 = { alphabet: "base64" | "base64url"; padded: "always" | "never" | "either" };

/** Decodes only what an encoder writes: no strangers, and no bits to spare, so that bytes have one spelling. */
export function decodeBase64(text: string, { alphabet, padded }: Base64): Buffer {
  const bytes = Buffer.from(text, alphabet);
  const plain = bytes.toString(alphabet).replaceAll("=", "");
  const withPadding = plain.padEnd(Math.ceil(plain.length / 4) * 4, "=");
  const spelled = (padded !== "always" && text === plain) || (padded !== "never" && text === withPadding);
  return spelled ? bytes : refuse(`no ${alphabet}`);
}

export function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    return refuse("no UTF-8");
  }
}
