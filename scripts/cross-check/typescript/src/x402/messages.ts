import { readAmount } from "../decimals.ts";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { refuse } from "../operation.ts";
import { readNetwork } from "./network.ts";

type Check = (value: Json) => unknown;

export const readObject = (value: Json): JsonObject => (isObject(value) ? value : refuse("no object"));
const readText = (value: Json): string => (typeof value === "string" ? value : refuse("no text"));
const readNumber = (value: Json): number => (typeof value === "number" ? value : refuse("no number"));
const readBoolean = (value: Json): boolean => (typeof value === "boolean" ? value : refuse("no boolean"));
const readList = (value: Json): Json[] => (Array.isArray(value) ? value : refuse("no list"));
const readVersion = (version: number) => (value: Json) => value === version || refuse("another version");

type Members = { [name: string]: Check };

/** The check of an object. A member that is null is as good as absent, and others are the sender's own. */
const checking =
  (required: Members, optional: Members = {}) =>
  (value: Json): JsonObject => {
    const message = readObject(value);
    const given = (name: string) => (Object.hasOwn(message, name) ? message[name]! : null);
    for (const [name, check] of Object.entries(required)) check(given(name) ?? refuse(`${name} is missing`));
    for (const [name, check] of Object.entries(optional)) if (given(name) !== null) check(given(name)!);
    return message;
  };

const listOf =
  <T>(read: (value: Json) => T) =>
  (value: Json): T[] =>
    readList(value).map(read);

const checkNetwork: Check = (value) => readNetwork(readText(value));

export const readOffer = checking(
  {
    scheme: readText,
    network: checkNetwork,
    amount: readAmount,
    asset: readText,
    payTo: readText,
    maxTimeoutSeconds: readNumber,
  },
  { extra: readObject },
);

const checkResource = checking({ url: readText }, { description: readText, mimeType: readText });

export const checkPaymentRequired = checking(
  { x402Version: readVersion(2), resource: checkResource, accepts: listOf(readOffer) },
  { error: readText, extensions: readObject },
);

export const checkPaymentPayload = checking(
  { x402Version: readVersion(2), accepted: readOffer, payload: readObject },
  { resource: checkResource, extensions: readObject },
);

export const checkSettleResponse = checking(
  { success: readBoolean, transaction: readText, network: checkNetwork },
  {
    payer: readText,
    errorReason: readText,
    errorMessage: readText,
    status: readText,
    amount: readAmount,
    extensions: readObject,
  },
);

const readOfferV1 = checking(
  {
    scheme: readText,
    network: readText,
    maxAmountRequired: readAmount,
    asset: readText,
    payTo: readText,
    resource: readText,
    description: readText,
    maxTimeoutSeconds: readNumber,
  },
  { mimeType: readText, outputSchema: readObject, extra: readObject },
);

export const checkPaymentRequiredV1 = checking(
  { x402Version: readVersion(1), accepts: listOf(readOfferV1) },
  { error: readText },
);

export const checkPaymentPayloadV1 = checking({
  x402Version: readVersion(1),
  scheme: readText,
  network: readText,
  payload: readObject,
});
