import { Address, Hex, Secp256k1 } from "ox";
import type { JsonObject } from "../json.ts";
import { type Operations, type Step, refuse } from "../operation.ts";
import { bytes, bytes32 } from "./abi.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

export const signature: Operations = {
  "evm.signature.recover": (input, step) => ({
    signer: recover(bytes32(input, "digest"), bytes(input, "signature"), step),
  }),
};

export function readPrivateKey(input: JsonObject): Hex.Hex {
  const privateKey = bytes32(input, "privateKey");
  return isScalar(BigInt(privateKey)) ? privateKey : refuse("privateKey is no scalar");
}

export const addressOf = (privateKey: Hex.Hex): Hex.Hex =>
  lowerCase(Address.fromPublicKey(Secp256k1.getPublicKey({ privateKey })));

export function sign(digest: Hex.Hex, privateKey: Hex.Hex, step: Step): Hex.Hex {
  const { r, s, yParity } = Secp256k1.sign({ payload: digest, privateKey, extraEntropy: false });
  const v = 27 + yParity;
  return Hex.concat(
    step("r", Hex.fromNumber(r, { size: 32 })),
    step("s", Hex.fromNumber(s, { size: 32 })),
    Hex.fromNumber(step("v", v), { size: 1 }),
  );
}

export function recover(digest: Hex.Hex, signature: Hex.Hex, step: Step): Hex.Hex {
  if (Hex.size(signature) !== 65) refuse("the signature is not 65 bytes");
  const r = BigInt(step("r", Hex.slice(signature, 0, 32)));
  const s = BigInt(step("s", Hex.slice(signature, 32, 64)));
  const v = step("v", Number(Hex.slice(signature, 64)));
  if (v !== 27 && v !== 28) refuse("v is neither 27 nor 28");
  if (!isScalar(r) || !isScalar(s)) refuse("r or s is no scalar");
  if (s > order / 2n) refuse("s is in the upper half");
  try {
    return lowerCase(Secp256k1.recoverAddress({ payload: digest, signature: { r, s, yParity: v - 27 } }));
  } catch {
    return refuse("no point of the curve has r as its x");
  }
}

const isScalar = (value: bigint): boolean => value > 0n && value < order;

const lowerCase = (hex: Hex.Hex): Hex.Hex => hex.toLowerCase() as Hex.Hex;
