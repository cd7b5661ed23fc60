import { isAfter, readInstant } from "../instant.ts";
import { has, object, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";
import { readParameters } from "./challenge.ts";
import { authenticate, bound } from "./challenge-id.ts";
import { checkBody } from "./digest.ts";

export const verify: Operations = {
  "mpp.challenge.verify": (input, step) => {
    const challenge = readParameters(object(input, "challenge"));
    const { id, expires, digest } = challenge;
    const message = step("message", bound(challenge));
    const expected = step("expectedId", authenticate(text(input, "secret"), message).toString("base64url"));
    if (id !== expected) refuse("the id is another challenge's");
    if (has(input, "now")) {
      const now = readInstant(text(input, "now"));
      if (expires !== undefined && isAfter(now, readInstant(expires))) refuse("the challenge has expired");
    }
    if (digest !== undefined) checkBody(digest, text(input, "body"), step);
    return { id: expected };
  },
};
