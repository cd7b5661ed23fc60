import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Alike, compute, disagreement, identical, readAlikeBy } from "./check.ts";
import { amount } from "./amount/index.ts";
import { evm } from "./evm/index.ts";
import { mpp } from "./mpp/index.ts";
import type { Operations } from "./operation.ts";
import { period } from "./period/index.ts";
import { sa } from "./sa/index.ts";
import { unnoticed } from "./self-test.ts";
import { loadVectors, type VectorFile } from "./vectors.ts";
import { x402 } from "./x402/index.ts";

const operations: Operations = { ...amount, ...evm, ...mpp, ...period, ...sa, ...x402 };

const { skips, folder, only, selfTest } = readArguments(process.argv.slice(2));
const files = loadVectors(folder);
const counted = files.filter(({ operation }) => operation.startsWith(only) && !Object.hasOwn(skips, operation));
const cases = counted.reduce((sum, { cases }) => sum + cases.length, 0);
const failures = [...staleSkips(), ...counted.flatMap(checkFile)];
if (cases === 0) failures.push(`no cases in ${folder}`);

if (failures.length === 0) {
  const what = selfTest ? "notice every corruption" : "agree";
  console.log(`typescript: ${cases} cases in ${counted.length} operations ${what}`);
} else {
  for (const failure of failures.slice(0, 20)) console.error(failure);
  console.error(
    `typescript: ${failures.length} failures${failures.length > 20 ? ", of which these are the first" : ""}`,
  );
  process.exitCode = 1;
}

function checkFile({ operation: name, path, comparedBy, cases }: VectorFile): string[] {
  const operation = operations[name];
  if (operation === undefined) return [`${path}: no such operation: ${name}`];
  if (cases.length === 0) return [`${path}: no cases`];
  const parse = comparedBy === undefined ? undefined : operations[comparedBy];
  if (comparedBy !== undefined && parse === undefined) return [`${path}: no such operation: ${comparedBy}`];
  const alike: Alike = parse === undefined ? identical : readAlikeBy(parse);

  return cases.flatMap((vector) => {
    try {
      const computed = compute(operation, vector.input);
      const differs = disagreement(vector, computed, alike);
      if (differs !== undefined) return [`${vector.id}: ${differs}`];
      return selfTest ? unnoticed(vector, computed, alike) : [];
    } catch (error) {
      return [`${vector.id}: ${error instanceof Error ? error.stack : error}`];
    }
  });
}

function staleSkips(): string[] {
  const present = new Set(files.map(({ operation }) => operation));
  return Object.keys(skips)
    .filter((name) => !present.has(name) || Object.hasOwn(operations, name))
    .map((name) => `skips.json: ${name} is ${present.has(name) ? "implemented" : "unknown"}`);
}

function readArguments(args: string[]) {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { values, positionals } = parseArgs({
    args,
    options: { "self-test": { type: "boolean", default: false }, only: { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length > 1) {
    console.error("usage: run [--self-test] [--only <prefix>] [<vectors>]");
    process.exit(2);
  }
  return {
    skips: JSON.parse(readFileSync(here("../skips.json"), "utf8")) as Record<string, string>,
    folder: positionals[0] ?? here("../../../../vectors"),
    only: values.only ?? "",
    selfTest: values["self-test"],
  };
}
