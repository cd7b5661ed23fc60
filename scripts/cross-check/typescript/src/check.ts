import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "./json.ts";
import { type Operation, Refusal } from "./operation.ts";
import type { Case } from "./vectors.ts";

export type Computed = { steps: JsonObject; output?: Json; refusal?: string };

/** Whether two outputs mean the same. */
export type Alike = (expected: Json, computed: Json) => boolean;

export const identical: Alike = isDeepStrictEqual;

/** Outputs that may be spelled in several ways are alike if the operation that reads them reads the same. */
export const readAlikeBy =
  (parse: Operation): Alike =>
  (...outputs) => {
    const [expected, computed] = outputs.map((output) => compute(parse, output as JsonObject));
    return expected?.output !== undefined && isDeepStrictEqual(expected.output, computed?.output);
  };

export function compute(operation: Operation, input: JsonObject): Computed {
  const steps: JsonObject = {};
  try {
    const output = operation(structuredClone(input), (name, value) => {
      steps[name] = value;
      return value;
    });
    return { steps, output };
  } catch (error) {
    if (error instanceof Refusal) return { steps, refusal: error.message };
    throw error;
  }
}

/** What differs first between a vector and what was computed, if anything does. */
export function disagreement({ steps, verdict }: Case, computed: Computed, alike: Alike): string | undefined {
  for (const [name, expected] of Object.entries(steps)) {
    const found = computed.steps[name];
    // A refusal may come earlier here than in the vector, and for another reason.
    if (found === undefined && verdict.result === "invalid" && computed.refusal !== undefined) continue;
    if (!isDeepStrictEqual(expected, found)) return difference(`step ${name}`, expected, found);
  }
  if (verdict.result === "invalid") {
    return computed.refusal === undefined ? difference("output", "a refusal", computed.output) : undefined;
  }
  if (computed.output === undefined) {
    return difference("output", verdict.output, `a refusal: ${computed.refusal}`);
  }
  const unrecorded = Object.keys(computed.steps).find((name) => !Object.hasOwn(steps, name));
  if (unrecorded !== undefined) return difference(`step ${unrecorded}`, undefined, computed.steps[unrecorded]);
  return alike(verdict.output, computed.output) ? undefined : difference("output", verdict.output, computed.output);
}

const difference = (what: string, expected: unknown, computed: unknown): string =>
  `${what}\n  expected ${JSON.stringify(expected) ?? "nothing"}\n  computed ${JSON.stringify(computed) ?? "nothing"}`;
