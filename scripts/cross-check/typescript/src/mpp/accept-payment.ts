import { isObject, type JsonObject } from "../json.ts";
import { has, list, text } from "../members.ts";
import { type Operations, refuse } from "../operation.ts";

/** `q` is in thousandths. */
type Range = { method: string; intent: string; q: number };

const range = /^([a-z]+|\*)\/([A-Za-z0-9-]+|\*)(?:[ \t]*;[ \t]*[Qq]=(?:0(?:\.(\d{0,3}))?|(1)(?:\.0{0,3})?))?$/;

export const acceptPayment: Operations = {
  "mpp.accept-payment.parse": (input) => ({ ranges: readRanges(text(input, "field")) }),

  "mpp.accept-payment.rank": (input, step) => {
    const offers = list(input, "offers").map((offer) => (isObject(offer) ? offer : refuse("an offer is no object")));
    if (!has(input, "field")) return { offers };
    const ranges = step("ranges", readRanges(text(input, "field")));
    const weighed = offers.map((offer) => ({ offer, weight: weigh(offer, ranges) }));
    const wanted = weighed.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
    return { offers: wanted.map(({ offer }) => offer) };
  },
};

const readRanges = (field: string): Range[] =>
  field
    .split(",")
    .map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((element) => element !== "")
    .map(readRange);

function readRange(element: string): Range {
  const [weighted, method, intent, thousandths, one] = range.exec(element) ?? refuse("an element is no range");
  const whole = one !== undefined || !weighted.includes(";");
  return { method: method!, intent: intent!, q: whole ? 1000 : Number((thousandths ?? "").padEnd(3, "0")) };
}

/** By the range that names most of an offer. */
function weigh(offer: JsonObject, ranges: Range[]): number {
  const [method, intent] = [text(offer, "method"), text(offer, "intent")];
  const names = (range: Range) => Number(range.method === method) + Number(range.intent === intent);
  const matching = ranges.filter(
    (range) => ["*", method].includes(range.method) && ["*", intent].includes(range.intent),
  );
  return matching.sort((a, b) => names(b) - names(a))[0]?.q ?? 0;
}
