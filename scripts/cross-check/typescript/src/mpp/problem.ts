import { parseJsonObject } from "../json.ts";
import { integer, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const problem: Operations = {
  "mpp.problem.parse": (input) => {
    const status = integer(input, "status");
    const problem = parseJsonObject(text(input, "body"));
    if (typeof problem.status === "number" && problem.status !== status) refuse("the body is of another status");
    const texts = ["type", "title", "detail", "challengeId"]
      .filter((name) => Object.hasOwn(problem, name) && typeof problem[name] === "string")
      .map((name) => [name, problem[name]!]);
    return { type: "about:blank", status, ...Object.fromEntries(texts) };
  },
};
