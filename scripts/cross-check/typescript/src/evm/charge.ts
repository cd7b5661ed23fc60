import type { Hex } from "ox";
import { isObject, type Json, type JsonObject } from "../json.ts";
import { has, integer, list, object, text } from "../members.ts";
import { type Operations, refuse, unnoted } from "../operation.ts";
import { address, bytes, readMembers } from "./abi.ts";
import { digest } from "./eip712.ts";
import { addressOf, readPrivateKey, recover, sign } from "./signature.ts";
import { transfer } from "./typed-data.ts";

/** What one recipient is due. */
type Due = { recipient: Hex.Hex; amount: bigint };

export const charge: Operations = {
  "evm.charge.pay": (input, step) => {
    const dues = readDues(object(input, "request"));
    step("primaryAmount", String(dues[0]!.amount));
    const nonces = list(input, "nonces");
    if (nonces.length !== dues.length) refuse("there is another number of nonces");
    const privateKey = readPrivateKey(input);
    const validBefore = String(integer(input, "validBefore"));
    const authorizations = dues.map(({ recipient, amount }, index) => ({
      from: addressOf(privateKey),
      to: recipient,
      value: String(amount),
      validAfter: "0",
      validBefore,
      nonce: nonces[index]!,
    }));
    const digests = authorizations.map((message) => digestOf(message, input));
    step("digests", digests);
    return {
      authorizations: authorizations.map((authorization, index) => ({
        ...authorization,
        signature: sign(digests[index]!, privateKey, unnoted),
      })),
    };
  },

  "evm.charge.verify": (input, step) => {
    const dues = readDues(object(input, "request"));
    step("primaryAmount", String(dues[0]!.amount));
    const authorizations = readAuthorizations(object(input, "payload"));
    if (authorizations.length !== dues.length) refuse("there is another number of splits");
    const payer = address(authorizations[0]!, "from");
    const nonces = authorizations.map((authorization, index) => {
      const { from, to, value, nonce } = readMembers(transfer.types[transfer.primary]!, authorization);
      if (from !== payer) refuse("a split is another payer's");
      if (to !== dues[index]!.recipient) refuse("another recipient");
      if (value !== dues[index]!.amount) refuse("another value");
      return nonce;
    });
    if (new Set(nonces).size < nonces.length) refuse("a nonce is there twice");
    const digests = step(
      "digests",
      authorizations.map((authorization) => digestOf(authorization, input)),
    );
    authorizations.forEach((authorization, index) => {
      const signer = recover(digests[index]!, bytes(authorization, "signature"), unnoted);
      if (signer !== payer) refuse("another signer");
    });
    return { payer };
  },
};

/** The recipient's due, which is what the splits leave, and those of the splits. */
function readDues(request: JsonObject): Due[] {
  const details = object(request, "methodDetails");
  const splits = (has(details, "splits") ? list(details, "splits") : []).map(readDue);
  if (splits.length > 10) refuse("there are more than ten splits");
  if (splits.some(({ amount }) => amount === 0n)) refuse("a split is of nothing");
  const { recipient, amount } = readDue(request);
  const primary = amount - splits.reduce((sum, { amount }) => sum + amount, 0n);
  if (splits.length > 0 && primary <= 0n) refuse("the splits reach the amount");
  return [{ recipient, amount: primary }, ...splits];
}

function readDue(json: Json): Due {
  if (!isObject(json)) return refuse("a split is no object");
  return readMembers("address recipient,uint256 amount", json) as Due;
}

function readAuthorizations(payload: JsonObject): JsonObject[] {
  if (text(payload, "type") !== "transaction") refuse("payload is no transaction");
  const primary = object(payload, "authorization");
  const splits = has(primary, "splits") ? list(primary, "splits") : [];
  return [primary, ...splits.map((split) => (isObject(split) ? split : refuse("a split is no object")))];
}

/** The domain is that of the token. */
function digestOf(message: JsonObject, input: JsonObject): Hex.Hex {
  const request = object(input, "request");
  const domain = {
    name: text(input, "tokenName"),
    version: text(input, "tokenVersion"),
    chainId: integer(object(request, "methodDetails"), "chainId"),
    verifyingContract: address(request, "currency"),
  };
  return digest(transfer, { domain, message }, unnoted);
}
