import { readDecimal, toBaseUnits, writeDouble } from "../decimals.ts";
import type { Json } from "../json.ts";
import { integer, member } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

export const price: Operations = {
  "x402.price.parse": (input, step) => {
    const decimal = readDecimal(step("decimal", decimalText(member(input, "price"))));
    step("whole", decimal.whole);
    step("fraction", decimal.fraction);
    return { amount: String(toBaseUnits(decimal, integer(input, "decimals"))) };
  },
};

function decimalText(price: Json): string {
  if (typeof price === "number") return writeDouble(price);
  return typeof price === "string" ? price.replace(/^\$/, "") : refuse("price is no price");
}
