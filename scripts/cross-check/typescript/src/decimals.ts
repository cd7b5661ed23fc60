import { refuse } from "./operation.ts";

const greatest = 2n ** 256n - 1n;

/** An amount in base units, as every amount on the wire is. */
export function readAmount(text: unknown): bigint {
  if (typeof text !== "string" || !/^(0|[1-9][0-9]*)$/.test(text)) return refuse("no amount");
  return within(BigInt(text));
}

/** The digits before and behind the point of a number that a person wrote, as written. */
export type Decimal = { whole: string; fraction: string };

export function readDecimal(text: string): Decimal {
  const [, whole, fraction = ""] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? refuse("no decimal");
  return { whole: whole!, fraction };
}

/** Places that the token does not have must be zeros, since rounding would change the money. */
export function toBaseUnits({ whole, fraction }: Decimal, decimals: number): bigint {
  if (!/^0*$/.test(fraction.slice(decimals))) refuse("more places than the token has");
  return within(BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0")));
}

/** The shortest form of an amount. */
export function fromBaseUnits(amount: bigint, decimals: number): Decimal {
  const digits = String(amount).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  return { whole: digits.slice(0, point), fraction: digits.slice(point).replace(/0+$/, "") };
}

/** A double's shortest decimal text, without an exponent. */
export function writeDouble(value: number): string {
  const [, sign, first, rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())!;
  const digits = first + rest;
  const places = rest.length - Number(exponent);
  if (places <= 0) return sign + digits.padEnd(digits.length - places, "0");
  const padded = digits.padStart(places + 1, "0");
  return `${sign}${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

const within = (amount: bigint): bigint => (amount <= greatest ? amount : refuse("more than 256 bits hold"));
