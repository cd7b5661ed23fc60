import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "./json.ts";

export type Case = {
  id: string;
  input: JsonObject;
  steps: JsonObject;
  verdict: { result: "valid"; output: Json } | { result: "invalid" };
};

export type VectorFile = { path: string; operation: string; comparedBy?: string; cases: Case[] };

type RawCase = { id: string; input: JsonObject; steps?: JsonObject; result: string; output?: Json };
type RawFile = {
  operation: string;
  comparedBy?: string;
  groups: { shared?: JsonObject; cases: RawCase[] }[];
};

// Beside the areas' folders lie a manifest and schemas, which hold no cases.
export function loadVectors(folder: string): VectorFile[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((area) =>
      readdirSync(join(folder, area.name), { recursive: true, encoding: "utf8" }).map((file) => join(area.name, file)),
    )
    .filter((path) => path.endsWith(".json"))
    .sort()
    .map((path) => readFile(path, readFileSync(join(folder, path), "utf8")));
}

function readFile(path: string, content: string): VectorFile {
  const { operation, comparedBy, groups } = JSON.parse(content) as RawFile;
  const cases = groups.flatMap(({ shared, cases }) =>
    cases.map((raw) => ({
      id: raw.id,
      input: { ...shared, ...raw.input },
      steps: raw.steps ?? {},
      verdict: readVerdict(raw),
    })),
  );
  return { path, operation, comparedBy, cases };
}

function readVerdict({ id, result, output }: RawCase): Case["verdict"] {
  if (result === "valid" && output !== undefined) return { result, output };
  if (result === "invalid" && output === undefined) return { result };
  throw new Error(`${id}: result is ${result}, and output is ${output === undefined ? "absent" : "present"}`);
}
