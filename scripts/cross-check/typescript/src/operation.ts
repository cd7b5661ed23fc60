import type { Json, JsonObject } from "./json.ts";

/** Notes an intermediate value under its name, and hands it on. */
export type Step = <T extends Json>(name: string, value: T) => T;

/** For what is an intermediate value of another one, and noted nowhere. */
export const unnoted: Step = (_, value) => value;

/** Computes the output from a complete input, or throws a Refusal. */
export type Operation = (input: JsonObject, step: Step) => Json;

export type Operations = Record<string, Operation>;

/** The input is one that must not be accepted. Any other error is a fault of this program. */
export class Refusal extends Error {}

export function refuse(reason: string): never {
  throw new Refusal(reason);
}
