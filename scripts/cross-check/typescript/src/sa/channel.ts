import { decodeBase64 } from "../base64.ts";
import { address, bytes32 } from "../evm/abi.ts";
import { decodeHex, encodeHex } from "../hex.ts";
import { type Json, type JsonObject, parseJson, parseJsonObject } from "../json.ts";
import { has, integer, member, object, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

type Read = (state: JsonObject, name: string) => Json;

const orEmpty =
  (read: Read): Read =>
  (state, name) =>
    member(state, name) === "" ? "" : read(state, name);

const amount: Read = (state, name) => readAmount(member(state, name));

const members: { [name: string]: { read: Read; byDefault?: Json } } = {
  channelId: { read: bytes32 },
  chainId: { read: integer },
  escrowContract: { read: address },
  payer: { read: address },
  payee: { read: address },
  token: { read: orEmpty(address), byDefault: "" },
  authorizedSigner: { read: orEmpty(address), byDefault: "" },
  deposit: { read: amount, byDefault: "0" },
  highestVoucherAmount: { read: amount, byDefault: "0" },
  highestVoucherSignature: { read: orEmpty(signature), byDefault: "" },
  minVoucherDelta: { read: amount, byDefault: "0" },
  spent: { read: amount, byDefault: "0" },
  units: { read: integer, byDefault: 0 },
  finalized: { read: boolean, byDefault: false },
  closeRequestedAt: { read: integer, byDefault: 0 },
  createdAt: { read: text, byDefault: "" },
};

export const channel: Operations = {
  "sa.channel-state.parse": (input) => ({ state: readState(parseExactly(text(input, "text"))) }),

  "sa.channel-state.format": (input, step) => {
    const state = readState(object(input, "state"));
    step("available", String(BigInt(text(state, "highestVoucherAmount")) - BigInt(text(state, "spent"))));
    return { json: state };
  },

  "sa.channel-status.parse": (input) => {
    const data = object(input, "data");
    const status = text(data, "sessionStatus");
    if (!["OPEN", "CLOSING", "CLOSED"].includes(status)) refuse("sessionStatus is unknown");
    const amounts = ["deposit", "settledOnChain", ...(has(data, "remainingBalance") ? ["remainingBalance"] : [])];
    return {
      channel: {
        channelId: bytes32(data, "channelId"),
        ...Object.fromEntries(["payer", "payee", "token"].map((name) => [name, address(data, name)])),
        ...Object.fromEntries(amounts.map((name) => [name, readAmount(text(data, name))])),
        sessionStatus: status,
      },
    };
  },
};

function readState(stored: JsonObject): JsonObject {
  const state = Object.fromEntries(
    Object.entries(members).map(([name, { read, byDefault }]) => {
      const spelled = has(stored, name) ? name : snakeCase(name);
      return [name, has(stored, spelled) || byDefault === undefined ? read(stored, spelled) : byDefault];
    }),
  );
  if (BigInt(text(state, "spent")) > BigInt(text(state, "highestVoucherAmount"))) refuse("more is spent than allowed");
  return state;
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function readAmount(given: Json): string {
  const digits = typeof given === "number" ? String(given) : given;
  if (typeof digits !== "string" || !/^(0|[1-9]\d*)$/.test(digits)) return refuse("no amount");
  return BigInt(digits) < 2n ** 128n ? digits : refuse("an amount is past 128 bits");
}

function signature(state: JsonObject, name: string): Json {
  const written = text(state, name);
  const bytes = written.startsWith("0x")
    ? decodeHex(written)
    : decodeBase64(written, { alphabet: "base64", padded: "always" });
  return bytes.length === 65 ? encodeHex(bytes) : refuse("a signature is not 65 bytes");
}

function boolean(state: JsonObject, name: string): boolean {
  const value = member(state, name);
  return typeof value === "boolean" ? value : refuse(`${name} is no boolean`);
}

/** Integers that a double would round become text. */
function parseExactly(written: string): JsonObject {
  parseJson(written);
  const token = /("(?:[^"\\]|\\.)*")|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  const isRounded = (digits: string) => /^-?\d+$/.test(digits) && !Number.isSafeInteger(Number(digits));
  return parseJsonObject(
    written.replace(token, (found, string) => (string === undefined && isRounded(found) ? `"${found}"` : found)),
  );
}
