import canonicalize from "canonicalize";
import { refuse } from "./operation.ts";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** JSON by the grammar of RFC 8259, in which no name stands twice in an object, and all text has UTF-8. */
export function parseJson(text: string): Json {
  const value = parse(text);
  return repeatsName(text) ? refuse("a name stands twice in an object") : value;
}

export function parseJsonObject(text: string): JsonObject {
  const value = parseJson(text);
  return isObject(value) ? value : refuse("the JSON is no object");
}

/** The form of RFC 8785, which numbers past a double's range and halves of surrogate pairs do not have. */
export function canonicalJson(value: Json): string {
  try {
    return canonicalize(value)!;
  } catch {
    return refuse("the JSON has no canonical form");
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text, inUtf8) as Json;
  } catch {
    return refuse("no JSON");
  }
}

/** Escapes can write half of a surrogate pair, which UTF-8 has no bytes for. */
function inUtf8(name: string, value: unknown): unknown {
  const texts = typeof value === "string" ? [name, value] : [name];
  return texts.every((text) => text.isWellFormed()) ? value : refuse("half of a surrogate pair");
}

/** Of a text that is known to be JSON: strings with a colon behind them are names. */
function repeatsName(text: string): boolean {
  const scopes: Set<string>[] = [];
  for (const [token, name] of text.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(?:\s*:)?/g)) {
    if (token === "{") scopes.push(new Set());
    else if (token === "}") scopes.pop();
    else if (token !== name) {
      const names = scopes.at(-1)!;
      if (names.size === names.add(JSON.parse(name!) as string).size) return true;
    }
  }
  return false;
}
