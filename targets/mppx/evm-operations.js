// Operations of the golden vectors that mppx has for EVM chains and x402.

import { evm, PaymentRequest, x402 } from "mppx";
import { Proof, SessionLegacy } from "mppx/tempo";
import { Refused } from "./mpp-operations.js";

const { Header } = x402;
const { Channel } = SessionLegacy.Session;

const challengeHash = (given) => ({ challengeHash: evm.challengeHash(given) });

const channelId = ({ escrow, ...channel }) => ({
  channelId: Channel.computeId({ ...channel, escrowContract: escrow }),
});

function didParse({ text }) {
  const payer = Proof.parsePkhSource(text);
  if (payer === null) throw new Refused("parsePkhSource() is null");
  // An address is text in the SDK, and has small letters in the vectors.
  return { chainId: payer.chainId, address: payer.address.toLowerCase() };
}

// A person's amount is converted as part of a charge, whose other members are of no account.
function toBaseUnits({ decimal, decimals }) {
  const { amount } = PaymentRequest.fromMethod(evm.charge, {
    amount: decimal,
    decimals,
    chainId: 196,
    currency: "0x779ded0c9e1022225f8e0630b35a9b54be713736",
    recipient: "0xfb48a0982b04c995535754023feaf98bf2da18bd",
  });
  return { amount };
}

function decoding(decode, name) {
  return ({ field }) => ({ [name]: decode(field) });
}

function encoding(encode, name) {
  return (given) => ({ field: encode(given[name]) });
}

export const operations = {
  "amount.to-base-units": toBaseUnits,
  "evm.challenge-hash": challengeHash,
  "evm.channel.id": channelId,
  "mpp.did.parse": didParse,
  "x402.payment-required.decode": decoding(Header.decodePaymentRequired, "paymentRequired"),
  "x402.payment-required.encode": encoding(Header.encodePaymentRequired, "paymentRequired"),
  "x402.payment-response.decode": decoding(Header.decodePaymentResponse, "settleResponse"),
  "x402.payment-response.encode": encoding(Header.encodePaymentResponse, "settleResponse"),
  "x402.payment-signature.decode": decoding(Header.decodePaymentSignature, "paymentPayload"),
  "x402.payment-signature.encode": encoding(Header.encodePaymentSignature, "paymentPayload"),
};
