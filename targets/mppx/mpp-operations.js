// Operations of the golden vectors that mppx has for MPP itself.

import { BodyDigest, Challenge, Credential, PaymentRequest, Receipt, z } from "mppx";
import { Transport as ClientTransport } from "mppx/client";
import { Transport as ServerTransport } from "mppx/server";

const TEXTS = ["id", "realm", "method", "intent", "expires", "digest", "description", "opaque"];
const MCP_CHALLENGE = ["id", "realm", "method", "intent", "request", "expires", "description"];
const RECEIPT = ["status", "method", "timestamp", "reference"];

// The SDK says no by what it returns.
export class Refused extends Error {
  name = "Refused";
}

// The SDK's challenge has `request` decoded; on the wire it is what these two make of it.
const fromWire = ({ request, ...texts }) =>
  Challenge.from({ ...texts, request: PaymentRequest.deserialize(request) });
const toWire = (challenge) => ({
  ...pick(challenge, TEXTS),
  request: PaymentRequest.serialize(challenge.request),
});

function challengeId({ secret, opaque, ...parameters }) {
  // Given as an object, `opaque` is the SDK's `meta`.
  return pick(Challenge.from({ ...parameters, meta: opaque, secretKey: secret }), ["id"]);
}

const challengeParse = ({ field }) => ({ challenge: toWire(Challenge.deserialize(field)) });

function challengesParse({ fields }) {
  const headers = new Headers(fields.map((field) => ["WWW-Authenticate", field]));
  return { challenges: Challenge.fromHeadersList(headers).map(toWire) };
}

const challengeFormat = ({ challenge }) => ({ field: Challenge.serialize(fromWire(challenge)) });

function credentialParse({ field }) {
  const { challenge, ...rest } = Credential.deserialize(field);
  return { challenge: toWire(challenge), ...rest };
}

function credentialFormat({ credential }) {
  const challenge = fromWire(credential.challenge);
  return { field: Credential.serialize(Credential.from({ ...credential, challenge })) };
}

const receiptParse = ({ field }) => ({ receipt: pick(Receipt.deserialize(field), RECEIPT) });

const receiptFormat = ({ receipt }) => ({ field: Receipt.serialize(Receipt.from(receipt)) });

const digestCompute = ({ body }) => ({ digest: BodyDigest.compute(textOf(body)) });

function digestVerify({ digest, body }) {
  if (!BodyDigest.verify(digest, textOf(body))) throw new Refused("BodyDigest.verify() is false");
  return { algorithm: "sha-256" };
}

function expiresParse({ text }) {
  // A Date is milliseconds since 1970.
  const milliseconds = z.datetimeInput().parse(text).getTime();
  const epochSeconds = Math.floor(milliseconds / 1000);
  return { epochSeconds, nanoseconds: (milliseconds - epochSeconds * 1000) * 1e6 };
}

function mcpErrorParse({ error }) {
  const challenges = ClientTransport.mcp().getChallenges({ error });
  return {
    code: error.code,
    challenges: challenges.map((challenge) => pick(challenge, MCP_CHALLENGE)),
  };
}

function mcpCredentialParse({ message }) {
  const credential = ServerTransport.mcp().getCredential(message);
  if (credential === null) throw new Refused("getCredential() is null");
  return { ...credential, challenge: pick(credential.challenge, MCP_CHALLENGE) };
}

// The SDK takes a body as text, which not every body is.
function textOf(body) {
  if (!/^0x([0-9a-f]{2})*$/i.test(body)) throw new TypeError("bytes are written with 0x");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return decoder.decode(Buffer.from(body.slice(2), "hex"));
}

const pick = (value, names) => Object.fromEntries(names.map((name) => [name, value[name]]));

export const operations = {
  "mpp.challenge.format": challengeFormat,
  "mpp.challenge.id": challengeId,
  "mpp.challenge.id-with-header": challengeId,
  "mpp.challenge.parse": challengeParse,
  "mpp.challenges.parse": challengesParse,
  "mpp.credential.format": credentialFormat,
  "mpp.credential.parse": credentialParse,
  "mpp.digest.verify": digestVerify,
  "mpp.digest.without-colons": digestCompute,
  "mpp.expires.parse": expiresParse,
  "mpp.mcp.credential.parse": mcpCredentialParse,
  "mpp.mcp.error.parse": mcpErrorParse,
  "mpp.receipt.format": receiptFormat,
  "mpp.receipt.parse": receiptParse,
};
