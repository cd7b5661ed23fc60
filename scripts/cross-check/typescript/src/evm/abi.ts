import { AbiParameters, Hex } from "ox";
import { member, text } from "../members.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { refuse } from "../operation.ts";

export type Value = string | bigint | Value[] | { [name: string]: Value };
export type Members = { [name: string]: Value };

/** Struct types by name, their members written as in Solidity. */
export type StructTypes = { [name: string]: string };

export type Parameter = { type: string; name: string };

export const parameters = (written: string): Parameter[] =>
  written.split(",").map((parameter) => {
    const [type, name] = parameter.trim().split(" ");
    return { type: type!, name: name! };
  });

/** Reads the members of a JSON object by their types; nothing that does not fit is made to. */
export const readMembers = (written: string, from: JsonObject, types: StructTypes = {}): Members =>
  Object.fromEntries(parameters(written).map(({ type, name }) => [name, read(type, name, member(from, name), types)]));

function read(type: string, name: string, json: Json, types: StructTypes): Value {
  const misfit = () => refuse(`${name} is no ${type}`);
  if (type.endsWith("[]")) {
    return Array.isArray(json) ? json.map((element) => read(type.slice(0, -2), name, element, types)) : misfit();
  }
  const struct = types[type];
  if (struct !== undefined) return isObject(json) ? readMembers(struct, json, types) : misfit();
  if (typeof json !== "string") return misfit();
  if (type === "string") return json;
  if (type === "address") return /^0x[0-9a-fA-F]{40}$/.test(json) ? json.toLowerCase() : misfit();
  if (type === "bytes32") return /^0x[0-9a-fA-F]{64}$/.test(json) ? json.toLowerCase() : misfit();
  const bits = /^uint(\d+)$/.exec(type)?.[1];
  if (bits === undefined) throw new Error(`no such type: ${type}`);
  return /^(0|[1-9]\d*)$/.test(json) && BigInt(json) < 1n << BigInt(bits) ? BigInt(json) : misfit();
}

export const address = (from: JsonObject, name: string): Hex.Hex =>
  readMembers(`address ${name}`, from)[name] as Hex.Hex;

export const bytes32 = (from: JsonObject, name: string): Hex.Hex =>
  readMembers(`bytes32 ${name}`, from)[name] as Hex.Hex;

export function bytes(from: JsonObject, name: string): Hex.Hex {
  const value = text(from, name);
  return /^0x([0-9a-fA-F]{2})*$/.test(value) ? (value.toLowerCase() as Hex.Hex) : refuse(`${name} is no bytes`);
}

export const abiEncode = (written: string, values: Members): Hex.Hex =>
  AbiParameters.encode(
    parameters(written) as AbiParameters.AbiParameters,
    parameters(written).map(({ name }) => values[name]),
  );
