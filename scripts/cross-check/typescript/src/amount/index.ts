import { Hex } from "ox";
import { fromBaseUnits, readAmount, readDecimal, toBaseUnits } from "../decimals.ts";
import { integer, member, text } from "../members.ts";
import type { Operations } from "../operation.ts";

export const amount: Operations = {
  "amount.base-units.parse": (input, step) => {
    const amount = readAmount(member(input, "text"));
    step("word", Hex.fromNumber(amount, { size: 32 }));
    return { amount: String(amount) };
  },

  "amount.to-base-units": (input, step) => {
    const decimal = readDecimal(text(input, "decimal"));
    step("whole", decimal.whole);
    step("fraction", decimal.fraction);
    return { amount: String(toBaseUnits(decimal, integer(input, "decimals"))) };
  },

  "amount.from-base-units": (input, step) => {
    const decimals = integer(input, "decimals");
    const { whole, fraction } = fromBaseUnits(readAmount(member(input, "amount")), decimals);
    step("whole", whole);
    step("fraction", fraction);
    return { decimal: fraction === "" ? whole : `${whole}.${fraction}`, decimals };
  },
};
