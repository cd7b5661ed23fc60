import { bytes, readMembers } from "../evm/abi.ts";
import { canonicalJson, isObject, type Json, type JsonObject } from "../json.ts";
import { has, list, member, object, text } from "../members.ts";
import { type Operation, type Operations, type Step, refuse } from "../operation.ts";

const transfer = "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce";
const channelMembers = "bytes32 channelId,uint128 cumulativeAmount,uint256 nonce,uint256 deadline";

export const bodies: Operations = {
  "sa.body.charge-settle": forwarding("charge/settle", (payload) => ({
    ...oneOf(payload, "type", "transaction"),
    authorization: withSplits(object(payload, "authorization")),
  })),
  "sa.body.charge-verify-hash": forwarding("charge/verifyHash", (payload) => ({
    ...oneOf(payload, "type", "hash"),
    ...take(payload, "bytes32 hash"),
  })),
  "sa.body.session-open": forwarding("session/open", (payload) => ({
    ...oneOf(payload, "action", "open"),
    ...take(payload, "bytes32 channelId,bytes32 salt"),
    ...(has(payload, "authorizedSigner") ? take(payload, "address authorizedSigner") : {}),
    ...deposit(payload),
  })),
  "sa.body.session-top-up": forwarding("session/topUp", (payload) => ({
    ...oneOf(payload, "action", "topUp"),
    ...take(payload, "bytes32 channelId,bytes32 topUpSalt,uint128 additionalDeposit"),
    ...deposit(payload),
  })),
  "sa.body.session-settle": onChannel("settle"),
  "sa.body.session-close": onChannel("close"),
};

function forwarding(path: string, readPayload: (payload: JsonObject) => JsonObject): Operation {
  return (input, step) => {
    const payload = readPayload(object(input, "payload"));
    return post(path, { ...challengeFor(path, input), payload, ...sourceOf(payload, input) }, step);
  };
}

function onChannel(action: string): Operation {
  return (input, step) => {
    const signatures = ["voucherSignature", "payeeSignature"].map((name) => signature(input, name));
    const payload = Object.assign({ action }, take(input, channelMembers), ...signatures);
    return post(`session/${action}`, { payload }, step);
  };
}

function post(path: string, body: JsonObject, step: Step): Json {
  step("payload", canonicalJson(body.payload!));
  return { method: "POST", path: `/api/v6/pay/mpp/${path}`, body };
}

/** A deposit goes to a channel that the SA knows, and answers no challenge. */
function challengeFor(path: string, input: JsonObject): JsonObject {
  if (path === "session/topUp") return {};
  const challenge = object(input, "challenge");
  for (const name of ["id", "realm", "method", "intent", "request"]) text(challenge, name);
  return { challenge };
}

/** A hash alone does not say who pays. */
function sourceOf({ type }: JsonObject, input: JsonObject): JsonObject {
  if (type !== "hash" && !has(input, "source")) return {};
  const source = text(input, "source");
  return type === "hash" && source === "" ? refuse("source is empty") : { source };
}

/** What is deposited: an authorization with its signature beside it, or the hash of a transaction. */
function deposit(payload: JsonObject): JsonObject {
  const type = oneOf(payload, "type", "transaction", "hash");
  if (type.type === "hash") return { ...type, ...take(payload, "bytes32 hash") };
  return {
    ...type,
    authorization: authorization(object(payload, "authorization")),
    ...signature(payload, "signature"),
  };
}

const authorization = (given: JsonObject): JsonObject => ({
  ...oneOf(given, "type", "eip-3009"),
  ...take(given, transfer),
});

const signed = (given: Json): JsonObject =>
  isObject(given)
    ? { ...authorization(given), ...signature(given, "signature") }
    : refuse("an authorization is no object");

const withSplits = (given: JsonObject): JsonObject => ({
  ...signed(given),
  ...(has(given, "splits") ? { splits: list(given, "splits").map(signed) } : {}),
});

/** Members as they are, if they are of their types. */
const take = (from: JsonObject, written: string): JsonObject =>
  Object.fromEntries(Object.keys(readMembers(written, from)).map((name) => [name, from[name]!]));

const signature = (from: JsonObject, name: string): JsonObject =>
  bytes(from, name).length === 2 + 2 * 65 ? { [name]: member(from, name) } : refuse(`${name} is no signature`);

function oneOf(from: JsonObject, name: string, ...values: string[]): JsonObject {
  const value = text(from, name);
  return values.includes(value) ? { [name]: value } : refuse(`${name} is another one`);
}
