import { readInstant } from "../instant.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { has, list, member, object, texts, withoutNulls } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const jsonRpc: Operations = {
  "mpp.mcp.credential.parse": (input) => {
    const message = object(input, "message");
    if (!has(message, "id")) refuse("nobody is answered");
    const credential = withoutNulls(fromMeta(message, "params", "org.paymentauth/credential"));
    return {
      challenge: readChallenge(member(credential, "challenge")),
      payload: object(credential, "payload"),
      ...texts(credential, [], ["source"]),
    };
  },

  "mpp.mcp.error.parse": (input) => {
    const error = object(input, "error");
    const code = member(error, "code");
    if (code !== -32042 && code !== -32043) refuse("the error asks for no payment");
    const challenges = list(object(error, "data"), "challenges").map(readChallenge);
    return challenges.length > 0 ? { code, challenges } : refuse("there is no challenge");
  },

  "mpp.mcp.receipt.parse": (input) => {
    const message = object(input, "message");
    if (has(message, "error")) refuse("nothing was delivered");
    const given = withoutNulls(fromMeta(message, "result", "org.paymentauth/receipt"));
    const receipt = texts(given, ["status", "method", "timestamp", "challengeId"], ["reference"]);
    if (receipt.status !== "success") refuse("nothing was paid");
    if (receipt.method === "" || receipt.challengeId === "") refuse("a text is empty");
    readInstant(receipt.timestamp!);
    return { receipt };
  },
};

/** MCP has `_meta` inside a member of the message, plain JSON-RPC in the message itself. */
function fromMeta(message: JsonObject, parent: string, name: string): JsonObject {
  const meta = [message[parent], message]
    .map((place) => isObject(place) && place["_meta"])
    .filter(isObject)
    .find((meta) => has(meta, name));
  return object(meta ?? refuse(`there is no ${name}`), name);
}

function readChallenge(json: Json): JsonObject {
  if (!isObject(json)) return refuse("a challenge is no object");
  const given = withoutNulls(json);
  const challenge = texts(given, ["id", "method", "intent", "realm"], ["expires", "description"]);
  if (challenge.id === "" || challenge.intent === "") refuse("a text is empty");
  if (!/^[a-z]+$/.test(challenge.method!)) refuse("method is none");
  return { ...challenge, request: object(given, "request") };
}
