/** Times as the acting person sees them: in their own time zone, by the playground's clock. */

import { state } from "./store.js";

const MINUTE = 60;
const DAY = 86400;

/** Return the playground's time in seconds. */
export function now() {
  return Date.now() / 1000 + state.clockOffset;
}

function zone() {
  return state.people.get(state.as)?.tz || undefined;
}

function part(seconds, options) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone(), ...options }).format(new Date(seconds * 1000));
}

/** Return "14:05". */
export function clockTime(seconds) {
  return part(seconds, { hour: "2-digit", minute: "2-digit" });
}

/** Return "2026-11-23" in the person's time zone. */
export function isoDay(seconds) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone() }).format(new Date(seconds * 1000));
}

/** Return "Today", "Yesterday", or "Monday 23 November", with the year when it is another one. */
export function dayName(seconds) {
  const day = isoDay(seconds);
  if (day === isoDay(now())) return "Today";
  if (day === isoDay(now() - DAY)) return "Yesterday";
  const year = day.slice(0, 4) === isoDay(now()).slice(0, 4) ? undefined : "numeric";
  return part(seconds, { weekday: "long", day: "numeric", month: "long", year });
}

/** Return the full date and time, for tooltips and the clock in the top strip. */
export function fullTime(seconds) {
  return part(seconds, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** Return "3 minutes ago" or "in 2 days". */
export function ago(seconds) {
  const away = seconds - now();
  const units = [["day", DAY], ["hour", 60 * MINUTE], ["minute", MINUTE]];
  const [unit, size] = units.find(([, length]) => Math.abs(away) >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(away / size), unit);
}

const DATE_TOKENS = {
  date_num: (at) => isoDay(at),
  date: (at) => part(at, { day: "numeric", month: "long", year: "numeric" }),
  date_short: (at) => part(at, { day: "numeric", month: "short", year: "numeric" }),
  date_long: (at) => part(at, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date_pretty: (at) => pretty(at, "date"),
  date_short_pretty: (at) => pretty(at, "date_short"),
  date_long_pretty: (at) => pretty(at, "date_long"),
  time: (at) => clockTime(at),
  time_secs: (at) => part(at, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago: (at) => ago(at),
};

function pretty(at, plain) {
  const near = { [-1]: "yesterday", 0: "today", 1: "tomorrow" };
  const distance = Math.round((Date.parse(isoDay(at)) - Date.parse(isoDay(now()))) / (DAY * 1000));
  return near[distance] ?? DATE_TOKENS[plain](at);
}

/** Return the text of a `<!date>` mention, its tokens filled in; unknown tokens stay as they are. */
export function dateMention(seconds, form) {
  return form.replace(/\{(\w+)\}/g, (whole, token) => DATE_TOKENS[token]?.(seconds) ?? whole);
}

/** Return "2026-11-23T14:05" in the person's time zone, the value of a date-and-time input. */
export function toLocalInput(seconds) {
  return `${isoDay(seconds)}T${clockTime(seconds)}`;
}

/** Return the seconds of a date-and-time input read in the person's time zone (a skipped hour moves forward). */
export function fromLocalInput(text) {
  const wanted = Date.parse(`${text}Z`) / 1000;
  if (Number.isNaN(wanted)) return null;
  let guess = wanted;
  for (let round = 0; round < 3; round += 1) guess += wanted - Date.parse(`${toLocalInput(guess)}Z`) / 1000;
  return guess;
}
