import { decodeBase64, decodeUtf8 } from "../base64.ts";
import { readInstant } from "../instant.ts";
import { type JsonObject, parseJsonObject } from "../json.ts";
import { object, text, texts } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const receipt: Operations = {
  "mpp.receipt.parse": (input, step) => {
    const field = text(input, "field");
    const json = step("json", decodeUtf8(decodeBase64(field, { alphabet: "base64url", padded: "either" })));
    if (field.includes("=")) refuse("there is padding");
    return { receipt: check(parseJsonObject(json)) };
  },

  "mpp.receipt.format": (input, step) => {
    const json = step("json", JSON.stringify(check(object(input, "receipt"))));
    return { field: Buffer.from(json).toString("base64url") };
  },
};

function check(given: JsonObject): JsonObject {
  const receipt = texts(given, ["status", "method", "timestamp", "reference"]);
  if (receipt.status !== "success") refuse("nothing was paid");
  readInstant(receipt.timestamp!);
  return receipt;
}
