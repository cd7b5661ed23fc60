import { type Alike, type Computed, disagreement } from "./check.ts";
import { isObject, type Json } from "./json.ts";
import type { Case } from "./vectors.ts";

/** The corruptions of a case that go unnoticed. The case itself agrees with what was computed. */
export function unnoticed(vector: Case, computed: Computed, alike: Alike): string[] {
  return [...corruptions(vector)]
    .filter(([, corrupted]) => disagreement(corrupted, computed, alike) === undefined)
    .map(([what]) => `${vector.id}: nobody noticed another ${what}`);
}

function* corruptions(vector: Case): Generator<[what: string, corrupted: Case]> {
  const { steps, verdict } = vector;
  for (const [name, value] of Object.entries(steps)) {
    yield [`step ${name}`, { ...vector, steps: { ...steps, [name]: corrupt(value) } }];
  }
  if (verdict.result === "invalid") {
    yield ["verdict", { ...vector, verdict: { result: "valid", output: null } }];
  } else {
    yield ["verdict", { ...vector, verdict: { result: "invalid" } }];
    yield ["output", { ...vector, verdict: { ...verdict, output: corrupt(verdict.output) } }];
    for (const name of Object.keys(steps)) {
      const { [name]: _, ...others } = steps;
      yield [`set of steps, without ${name}`, { ...vector, steps: others }];
    }
    yield ["set of steps, with one more", { ...vector, steps: { ...steps, unheardOf: null } }];
  }
}

/** Changes one of the values in a value: of members the first, of elements the last. */
function corrupt(value: Json): Json {
  if (typeof value === "string") return value.slice(0, -1) + (value.endsWith("0") ? "1" : "0");
  if (typeof value === "number") return -1 - value;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return value.length === 0 ? [null] : [...value.slice(0, -1), corrupt(value.at(-1)!)];
  if (!isObject(value)) return 0;
  const first = Object.entries(value)[0];
  return first === undefined ? { unheardOf: null } : { ...value, [first[0]]: corrupt(first[1]) };
}
