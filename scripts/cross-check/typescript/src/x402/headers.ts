import { decodeBase64, decodeUtf8 } from "../base64.ts";
import { canonicalJson, type JsonObject, parseJsonObject } from "../json.ts";
import { list, object, text } from "../members.ts";
import type { Operations } from "../operation.ts";
import {
  checkPaymentPayload,
  checkPaymentPayloadV1,
  checkPaymentRequired,
  checkPaymentRequiredV1,
  checkSettleResponse,
} from "./messages.ts";

type Check = (message: JsonObject) => void;

export const headers: Operations = {
  ...codec("x402.payment-required", "paymentRequired", checkPaymentRequired),
  ...codec("x402.payment-signature", "paymentPayload", checkPaymentPayload),
  ...codec("x402.payment-response", "settleResponse", checkSettleResponse),
  ...codec("x402.v1.payment", "paymentPayload", checkPaymentPayloadV1),

  "x402.v1.payment-required.parse": (input, step) => {
    const paymentRequired = parseJsonObject(text(input, "body"));
    checkPaymentRequiredV1(paymentRequired);
    step("offers", list(paymentRequired, "accepts").length);
    return { paymentRequired };
  },
};

function codec(operation: string, name: string, check: Check): Operations {
  return {
    [`${operation}.encode`]: (input, step) => {
      const message = object(input, name);
      check(message);
      const json = step("json", canonicalJson(message));
      return { field: Buffer.from(json).toString("base64") };
    },
    [`${operation}.decode`]: (input, step) => {
      const bytes = decodeBase64(text(input, "field"), { alphabet: "base64", padded: "always" });
      const message = parseJsonObject(step("json", decodeUtf8(bytes)));
      check(message);
      return { [name]: message };
    },
  };
}
