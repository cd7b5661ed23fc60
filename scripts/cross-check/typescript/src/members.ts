import { isObject, type Json, type JsonObject } from "./json.ts";
import { refuse } from "./operation.ts";

export const has = (object: JsonObject, name: string): boolean => Object.hasOwn(object, name);

export function member(object: JsonObject, name: string): Json {
  return has(object, name) ? object[name]! : refuse(`${name} is missing`);
}

export function text(object: JsonObject, name: string): string {
  const value = member(object, name);
  return typeof value === "string" ? value : refuse(`${name} is no text`);
}

export function object(parent: JsonObject, name: string): JsonObject {
  const value = member(parent, name);
  return isObject(value) ? value : refuse(`${name} is no object`);
}

export function list(object: JsonObject, name: string): Json[] {
  const value = member(object, name);
  return Array.isArray(value) ? value : refuse(`${name} is no list`);
}

/** A number of JSON that is a whole one, and not below zero. */
export function integer(object: JsonObject, name: string): number {
  const value = member(object, name);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`${name} is no integer`);
}

/** Null is as good as absent. */
export const withoutNulls = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

/** Texts by name, of which the optional ones may be absent; other members are left out. */
export function texts(from: JsonObject, required: string[], optional: string[] = []): Record<string, string> {
  const names = [...required, ...optional.filter((name) => has(from, name))];
  return Object.fromEntries(names.map((name) => [name, text(from, name)]));
}
