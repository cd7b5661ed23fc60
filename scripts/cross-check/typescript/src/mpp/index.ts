import type { Operations } from "../operation.ts";
import { acceptPayment } from "./accept-payment.ts";
import { challenge } from "./challenge.ts";
import { challengeId } from "./challenge-id.ts";
import { credential } from "./credential.ts";
import { digest } from "./digest.ts";
import { jsonRpc } from "./json-rpc.ts";
import { problem } from "./problem.ts";
import { receipt } from "./receipt.ts";
import { values } from "./values.ts";
import { verify } from "./verify.ts";

export const mpp: Operations = {
  ...acceptPayment,
  ...challenge,
  ...challengeId,
  ...credential,
  ...digest,
  ...jsonRpc,
  ...problem,
  ...receipt,
  ...values,
  ...verify,
};
