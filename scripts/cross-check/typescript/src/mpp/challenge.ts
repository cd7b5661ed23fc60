import { decodeBase64, decodeUtf8 } from "../base64.ts";
import { readInstant } from "../instant.ts";
import { type JsonObject, parseJsonObject } from "../json.ts";
import { list, object, text, texts } from "../members.ts";
import { type Operations, type Step, refuse, unnoted } from "../operation.ts";
import { type AuthChallenge, readChallenges, writeChallenge } from "./auth-challenges.ts";

type Challenge = Record<string, string>;

export const challenge: Operations = {
  "mpp.challenge.parse": (input, step) => {
    const [challenge, ...others] = readPayments(text(input, "field"));
    if (challenge === undefined || others.length > 0) return refuse("there is not one challenge");
    check(challenge, step);
    return { challenge };
  },

  "mpp.challenges.parse": (input, step) => {
    const fields = list(input, "fields");
    const challenges = fields.flatMap((field) =>
      typeof field === "string" ? readPayments(field) : refuse("a field is no text"),
    );
    if (challenges.length === 0) refuse("there is no challenge");
    const requests = challenges.map(({ request }) => decodeText(request!));
    step("requestsJson", requests);
    for (const challenge of challenges) check(challenge, unnoted);
    return { challenges };
  },

  "mpp.challenge.format": (input, step) => {
    const challenge = readParameters(object(input, "challenge"));
    check(challenge, step);
    if (["request", "opaque"].some((name) => challenge[name]?.includes("="))) refuse("there is padding");
    return { field: writeChallenge("Payment", challenge) };
  },
};

const readPayments = (field: string): Challenge[] =>
  readChallenges(field)
    .filter(({ scheme }) => scheme.toLowerCase() === "payment")
    .map(({ parameters }) => readParameters(withoutRepetition(parameters)));

function withoutRepetition(parameters: AuthChallenge["parameters"]): JsonObject {
  const byName = Object.fromEntries(parameters);
  return Object.keys(byName).length === parameters.length ? byName : refuse("a parameter is there twice");
}

/** The parameters that are known, whatever they say; header is none of the draft's. */
export const readParameters = (from: JsonObject): Challenge =>
  texts(from, ["id", "realm", "method", "intent", "request"], ["expires", "digest", "description", "opaque"]);

/** Whether a payer may answer a challenge. */
function check({ id, method, intent, request, expires, opaque }: Challenge, step: Step): void {
  parseJsonObject(step("requestJson", decodeText(request!)));
  if (opaque !== undefined) {
    const map = parseJsonObject(step("opaqueJson", decodeText(opaque)));
    if (!Object.values(map).every((value) => typeof value === "string")) refuse("opaque is not flat");
  }
  if (id === "") refuse("the id is empty");
  if (!/^[a-z]+$/.test(method!)) refuse("the method is none");
  if (!/^[A-Za-z0-9-]+$/.test(intent!)) refuse("the intent is none");
  if (expires !== undefined) readInstant(expires);
}

const decodeText = (text: string): string =>
  decodeUtf8(decodeBase64(text, { alphabet: "base64url", padded: "either" }));
