import { parseJsonObject } from "../json.ts";
import { member, object, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const envelope: Operations = {
  "sa.envelope.decode": (input, step) => {
    const body = parseJsonObject(text(input, "body"));
    const code = member(body, "code");
    if (!Number.isInteger(code)) refuse("code is no integer");
    if (step("code", code) !== 0) refuse("the SA refuses");
    return { data: object(body, "data") };
  },
};
