import { member } from "../members.ts";
import { type Operation, type Operations, refuse } from "../operation.ts";

type Problem = readonly [status: number, type: string];
type Table = { [code: number]: Problem };

const invalidSignature: Problem = [402, "session/invalid-signature"];
const finalized: Problem = [410, "session/channel-finalized"];
const channelNotFound: Problem = [410, "session/channel-not-found"];
const invalidChallenge: Problem = [402, "invalid-challenge"];
const exceedsDeposit: Problem = [402, "session/amount-exceeds-deposit"];
const deltaTooSmall: Problem = [402, "session/delta-too-small"];
const malformedCredential: Problem = [402, "malformed-credential"];
const badRequest: Problem = [400, "bad-request"];
const invalidSplit: Problem = [400, "invalid-split"];
const invalidPayload: Problem = [402, "invalid-payload"];
const verificationFailed: Problem = [402, "verification-failed"];
const internalError: Problem = [500, "internal-error"];

const node: Table = {
  8000: verificationFailed,
  70000: verificationFailed,
  70001: verificationFailed,
  70002: verificationFailed,
  70003: verificationFailed,
  70004: invalidSignature,
  70005: invalidPayload,
  70006: invalidPayload,
  70007: verificationFailed,
  70008: finalized,
  70009: invalidChallenge,
  70010: channelNotFound,
  70011: invalidPayload,
  70012: exceedsDeposit,
  70013: deltaTooSmall,
  70014: finalized,
};

const python: Table = {
  8000: internalError,
  70000: badRequest,
  70001: internalError,
  70002: malformedCredential,
  70003: malformedCredential,
  70004: invalidSignature,
  70005: invalidSplit,
  70006: invalidSplit,
  70007: internalError,
  70008: finalized,
  70009: invalidChallenge,
  70010: channelNotFound,
  70011: internalError,
  70012: exceedsDeposit,
  70013: deltaTooSmall,
  70014: finalized,
};

const rust: Table = {
  8000: [500, "service-error"],
  70000: badRequest,
  70001: [422, "unsupported-chain"],
  70002: [403, "payer-blocked"],
  70003: malformedCredential,
  70004: invalidSignature,
  70005: invalidSplit,
  70006: invalidSplit,
  70007: [402, "tx-not-confirmed"],
  70008: finalized,
  70009: [402, "payment-expired"],
  70010: [404, "session/channel-not-found"],
  70011: [400, "session/invalid-escrow-config"],
  70012: exceedsDeposit,
  70013: deltaTooSmall,
  70014: [409, "session/channel-closing"],
};

export const errors: Operations = {
  "sa.error.okx-node": problemBy(node),
  "sa.error.okx-python": problemBy(python, internalError),
  "sa.error.okx-rust": problemBy(rust, verificationFailed),
};

function problemBy(table: Table, ofOthers?: Problem): Operation {
  return (input) => {
    const code = member(input, "code");
    if (typeof code !== "number" || !Number.isInteger(code)) return refuse("code is no integer");
    if (code === 0) return refuse("a success is no error");
    const [status, type] = table[code] ?? ofOthers ?? refuse("the table lacks the code");
    return { status, problem: `https://paymentauth.org/problems/${type}` };
  };
}
