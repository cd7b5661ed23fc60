import { decodeBase64, decodeUtf8 } from "../base64.ts";
import { canonicalJson, type JsonObject, parseJsonObject } from "../json.ts";
import { object, text, texts, withoutNulls } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";
import { readParameters } from "./challenge.ts";

export const credential: Operations = {
  "mpp.credential.parse": (input, step) => {
    const [, token] = /^payment(?: +|$)(.*)$/i.exec(text(input, "field")) ?? refuse("another scheme");
    const bytes = decodeBase64(step("token", token!), { alphabet: "base64url", padded: "either" });
    return check(parseJsonObject(step("json", decodeUtf8(bytes))));
  },

  "mpp.credential.format": (input, step) => {
    const json = step("json", canonicalJson(check(object(input, "credential"))));
    return { field: `Payment ${Buffer.from(json).toString("base64url")}` };
  },
};

/** The known members of a credential, whatever its texts say. */
function check(given: JsonObject): JsonObject {
  const credential = withoutNulls(given);
  const challenge = readParameters(withoutNulls(object(credential, "challenge")));
  if (challenge.id === "") refuse("the id is empty");
  return { challenge, payload: object(credential, "payload"), ...texts(credential, [], ["source"]) };
}
