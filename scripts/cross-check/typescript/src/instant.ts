import { refuse } from "./operation.ts";

export type Instant = { epochSeconds: number; nanoseconds: number };

const dateTime = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/** A date-time of RFC 3339, which has an offset. */
export function readInstant(text: string): Instant {
  const [, date, time, fraction = "", sign, hours = "0", minutes = "0"] = dateTime.exec(text) ?? refuse("no date-time");
  const local = Date.parse(`${date}T${time}Z`);
  // What rolls over to another day or hour is no date, or no time.
  if (Number.isNaN(local) || !new Date(local).toISOString().startsWith(`${date}T${time}`)) refuse("no such time");
  const offset = Number(hours) * 3600 + Number(minutes) * 60;
  return {
    epochSeconds: local / 1000 + (sign === "-" ? offset : -offset),
    nanoseconds: Number(fraction.slice(0, 9).padEnd(9, "0")),
  };
}

export const isAfter = (a: Instant, b: Instant): boolean =>
  a.epochSeconds === b.epochSeconds ? a.nanoseconds > b.nanoseconds : a.epochSeconds > b.epochSeconds;
