// @ts-check
// Moments for people: how long ago or until, the local time, and UTC, one click away from a copy.

import { h, none } from "./dom.js";
import { language, number, t } from "./i18n.js";

/** @typedef {[Intl.RelativeTimeFormatUnit, number]} Step */
/** @type {Step[]} */
const STEPS = [
  ["second", 1_000], ["minute", 60_000], ["hour", 3_600_000], ["day", 86_400_000],
  ["month", 30 * 86_400_000], ["year", 365 * 86_400_000],
];

/** "3 minutes ago", "in 2 hours". */
export function relative(moment, now = Date.now()) {
  const distance = new Date(moment).getTime() - now;
  const size = Math.abs(distance);
  const step = STEPS.findLast(([, length]) => size >= length) ?? STEPS[0];
  const [unit, length] = /** @type {Step} */ (step);
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
  if (size < 1_000) return t("common.now");
  return format.format(Math.trunc(distance / length), unit);
}

/** The time of day, with the date unless it is today's. */
export function local(moment) {
  const at = new Date(moment);
  const today = new Date().toDateString() === at.toDateString();
  const date = today ? {} : { day: "numeric", month: "short" };
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const parts = { ...date, ...year, ...clock };
  return new Intl.DateTimeFormat(language(), /** @type {any} */ (parts)).format(at);
}

/** All of it, in the reader's zone. */
export function whole(moment) {
  const options = { dateStyle: "full", timeStyle: "long" };
  return new Intl.DateTimeFormat(language(), /** @type {any} */ (options)).format(new Date(moment));
}

/** Milliseconds for people: 0.31 ms, 840 ms, 2.4 s, 3 min, 5 h, 2 d. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  const units = [
    [86_400_000, "day"], [3_600_000, "hour"], [60_000, "minute"], [1_000, "second"],
  ];
  const [length, unit] = units.find(([length]) => ms >= Number(length)) ?? [1, "millisecond"];
  const value = ms / Number(length);
  const maximumFractionDigits = value < 1 ? 2 : value < 10 ? 1 : 0;
  return number(value, { style: "unit", unit: String(unit), maximumFractionDigits });
}

/** A span as the API writes it, for people: 15m as 15 min, 1d12h as 1 day 12 h. */
export function span(text) {
  const parts = [...String(text).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return text;
  const units = { ms: "millisecond", s: "second", m: "minute", h: "hour", d: "day", w: "week" };
  return parts.map(([, value, unit]) =>
    number(Number(value), { style: "unit", unit: units[unit ?? ""] })).join(" ");
}

/**
 * A moment in a page. `shape`: "both" (time above, distance below), "relative", "local".
 * It keeps itself true while it is seen; its tip says the rest: the whole local time, and UTC.
 */
export function time(moment, shape = "relative") {
  if (!moment) return none();
  const relation = h("span", { class: "time-relative", "data-relative": moment }, relative(moment));
  const clock = h("span", { class: "time-local" }, local(moment));
  const inside = { relative: [relation], local: [clock], both: [clock, relation] }[shape];
  const title = `${whole(moment)}\n${moment}`;
  return h("time", { datetime: moment, title, class: `time time-${shape}` }, inside);
}

/** A moment with everything said, for details: local, UTC and distance. */
export function fullTime(moment) {
  if (!moment) return none();
  return h("span", { class: "time-full" }, time(moment, "both"),
    h("button", {
      type: "button", class: "copy-time", "data-copy": moment, title: t("common.copy_utc"),
    }, moment));
}

/** Makes all distances on the page true again; called every second, touches only what changed. */
export function tick() {
  const now = Date.now();
  for (const element of document.querySelectorAll("[data-relative]")) {
    const text = relative(/** @type {HTMLElement} */ (element).dataset.relative, now);
    if (element.textContent !== text) element.textContent = text;
  }
  // Clocks that count down draw themselves: a colour and a word change with them.
  for (const element of document.querySelectorAll("[data-ticks]")) {
    /** @type {any} */ (element).tick(now);
  }
}
