import { Hash, Hex, TypedData } from "ox";
import type { JsonObject } from "../json.ts";
import { has, integer, object } from "../members.ts";
import { type Operation, type Operations, type Step, refuse } from "../operation.ts";
import {
  type Members,
  type StructTypes,
  type Value,
  abiEncode,
  address,
  bytes,
  parameters,
  readMembers,
} from "./abi.ts";
import { addressOf, readPrivateKey, recover, sign } from "./signature.ts";

export type Struct = { primary: string; types: StructTypes };

/** The first of the types is the primary one. */
export const struct = (types: StructTypes): Struct => ({ primary: Object.keys(types)[0]!, types });

/** The two operations on a struct: to sign it, and to verify who signed it. */
export const signAndVerify = (name: string, struct: Struct): Operations => ({
  [`${name}.sign`]: signing(struct),
  [`${name}.verify`]: verifying(struct),
});

function signing(struct: Struct): Operation {
  return (input, step) => {
    const signed = digest(struct, input, step);
    const privateKey = readPrivateKey(input);
    const signature = sign(signed, privateKey, step);
    step("signer", addressOf(privateKey));
    return { signature };
  };
}

function verifying(struct: Struct): Operation {
  return (input, step) => {
    const signed = digest(struct, input, step);
    const recovered = step("recovered", recover(signed, bytes(input, "signature"), step));
    return recovered === address(input, "signer") ? { signer: recovered } : refuse("another signer");
  };
}

export function digest(struct: Struct, input: JsonObject, step: Step): Hex.Hex {
  const { domain, domainType, separator } = domainSeparator(input, step);
  const { primary, types } = struct;
  const message = readMembers(types[primary]!, object(input, "message"), types);
  const type = step("encodedType", encodeType(struct));
  const typeHash = step("typeHash", hashText(type));
  const data = step("encodedData", encodeData(primary, message, types));
  const structHash = step("structHash", Hash.keccak256(Hex.concat(typeHash, data)));
  const result = step("digest", Hash.keccak256(Hex.concat("0x1901", separator, structHash)));

  const standard = !type.includes(", ");
  const forLibrary = { types: libraryTypes({ ...types, ...domainType }), primaryType: primary, domain, message };
  if (standard && TypedData.getSignPayload(forLibrary as never) !== result) {
    throw new Error("ox hashes the message otherwise");
  }
  return result;
}

const domainMembers = parameters("string name,string version,uint256 chainId,address verifyingContract");

/** An absent member of a domain is absent from its type, too. */
export function domainSeparator(input: JsonObject, step: Step) {
  const given = object(input, "domain");
  const written = domainMembers
    .filter(({ name }) => has(given, name))
    .map(({ type, name }) => `${type} ${name}`)
    .join(",");
  if (written === "") refuse("domain is empty");
  const domainType = { EIP712Domain: written };
  const chainId = (): JsonObject => (has(given, "chainId") ? { chainId: String(integer(given, "chainId")) } : {});
  const domain = readMembers(written, { ...given, ...chainId() });

  const typeHash = step("domainTypeHash", hashText(step("encodedDomainType", encodeType(struct(domainType)))));
  const data = step("encodedDomain", encodeData("EIP712Domain", domain, domainType));
  const separator = step("domainSeparator", Hash.keccak256(Hex.concat(typeHash, data)));
  return { domain, domainType, separator };
}

export const hashText = (text: string): Hex.Hex => Hash.keccak256(Hex.fromString(text));

export function encodeType({ primary, types }: Struct): string {
  const others = [...new Set(referredTo(primary, types))].sort();
  return [primary, ...others].map((name) => `${name}(${types[name]})`).join("");
}

const referredTo = (name: string, types: StructTypes): string[] =>
  parameters(types[name]!)
    .map(({ type }) => type.replace("[]", ""))
    .filter((type) => Object.hasOwn(types, type))
    .flatMap((type) => [type, ...referredTo(type, types)]);

export const encodeData = (primary: string, message: Members, types: StructTypes): Hex.Hex =>
  Hex.concat(...parameters(types[primary]!).map(({ type, name }) => encodeMember(type, message[name]!, types)));

/** One word for each member; what is longer is hashed. */
function encodeMember(type: string, value: Value, types: StructTypes): Hex.Hex {
  if (type.endsWith("[]")) {
    const elements = (value as Value[]).map((element) => encodeMember(type.slice(0, -2), element, types));
    return Hash.keccak256(Hex.concat(...elements));
  }
  if (Object.hasOwn(types, type)) {
    const typeHash = hashText(encodeType({ primary: type, types }));
    return Hash.keccak256(Hex.concat(typeHash, encodeData(type, value as Members, types)));
  }
  if (type === "string") return hashText(value as string);
  return abiEncode(`${type} value`, { value });
}

const libraryTypes = (types: StructTypes) =>
  Object.fromEntries(Object.entries(types).map(([name, written]) => [name, parameters(written)]));
