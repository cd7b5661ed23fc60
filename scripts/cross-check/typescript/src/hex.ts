import { refuse } from "./operation.ts";

export const decodeHex = (text: string): Buffer =>
  /^0x([0-9a-fA-F]{2})*$/.test(text) ? Buffer.from(text.slice(2), "hex") : refuse("the text is no bytes");

export const encodeHex = (bytes: Buffer): string => `0x${bytes.toString("hex")}`;
