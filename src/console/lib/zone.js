// @ts-check
// The tenant's settings and its wall clock: slots, timers and weeks are read where the business is.

import { get } from "./api.js";
import { language } from "./i18n.js";
import { current, tenant } from "./session.js";

/** How long settings are believed. */
const FRESH_MS = 20_000;

/** Two zones that show the same now may not in the other season. */
const HALF_A_YEAR_MS = 182 * 86_400_000;

/** @type {{at: number, of: string, all: Promise<any>}|null} */
let known = null;
/** The same of the channels that are paused. @type {{at: number, of: string, all: Promise<any>}|null} */
let paused = null;

/** The settings of the tenant that is looked at; none where this session may not see them. */
export function settings() {
  // The portal is not shown them.
  if (current()?.portal) return Promise.resolve({});
  if (known === null || known.of !== tenant() || Date.now() - known.at > FRESH_MS) {
    const asked = get(`/api/v1/admin/tenants/${encodeURIComponent(tenant())}`);
    known = { at: Date.now(), of: tenant(),
      all: asked.then((found) => found.settings, () => ({})) };
  }
  return known.all;
}

/** Who wants to know when they have changed. @type {Set<() => void>} */
const watching = new Set();

/** They have changed: the next look asks anew, and whoever watches them looks. */
export function forgetSettings() {
  [known, paused] = [null, null];
  watching.forEach((look) => look());
}

/** @param {() => void} look */
export function watchSettings(look) {
  watching.add(look);
}

/**
 * The channels by which nothing goes out for now, with who paused each, when and why as far as that is known.
 * @returns {Promise<{channel: string, paused_by_hand: any}[]>}
 */
export function pausedChannels() {
  // The portal is not shown them.
  if (current()?.portal) return Promise.resolve([]);
  if (paused === null || paused.of !== tenant() || Date.now() - paused.at > FRESH_MS) {
    const all = get("/api/v1/channels").then(({ items }) => items.filter((one) => one.paused), () => {
      // What could not be asked for is not known.
      paused = null;
      return [];
    });
    paused = { at: Date.now(), of: tenant(), all };
  }
  return paused.all;
}

/** The tenant's zone, as far as this session is told; the portal sees no settings, and is told with who it is. */
async function businessZone() {
  return (await settings()).timezone ?? current()?.timezone ?? null;
}

/** The tenant's zone, or the reader's where it is not known. @returns {Promise<string>} */
export async function zone() {
  return await businessZone() ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * The zones of the business and of this browser, where their walls do not show the same.
 * @returns {Promise<{business: string, browser: string}|null>}
 */
export async function twoZones() {
  const business = await businessZone();
  const browser = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!business) return null;
  const now = Date.now();
  const moments = [now, now + HALF_A_YEAR_MS];
  const isSame = moments.every((at) => ahead(at, business) === ahead(at, browser));
  return isSame ? null : { business: named(business), browser: named(browser) };
}

/** A zone with how far it is ahead: America/Bogota (GMT-5). */
function named(timeZone) {
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "shortOffset" })
    .formatToParts(Date.now());
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value;
  return offset && timeZone !== "UTC" ? `${timeZone} (${offset})` : timeZone;
}

/** A moment on the wall of a zone. @param {Intl.DateTimeFormatOptions} [options] */
export function wall(moment, timeZone, options = DAY_AND_HOUR) {
  return new Intl.DateTimeFormat(language(), { timeZone, hourCycle: "h23", ...options })
    .format(new Date(moment));
}

/** @type {Intl.DateTimeFormatOptions} */
export const DAY_AND_HOUR = { weekday: "short", day: "numeric", month: "short", hour: "2-digit",
  minute: "2-digit" };
/** @type {Intl.DateTimeFormatOptions} */
export const HOUR = { hour: "2-digit", minute: "2-digit" };
/** @type {Intl.DateTimeFormatOptions} */
export const DAY = { weekday: "short", day: "numeric", month: "short" };

/** The day of a moment in a zone, as 2026-11-26. */
export function dayOf(moment, timeZone) {
  const parts = { timeZone, year: "numeric", month: "2-digit", day: "2-digit" };
  return new Intl.DateTimeFormat("en-CA", /** @type {any} */ (parts)).format(new Date(moment));
}

/** So many days after a day. @param {string} day */
export function daysAfter(day, count) {
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + count);
  return at.toISOString().slice(0, 10);
}

/** The moment at which a day begins on the wall of a zone. @param {string} day */
export function midnight(day, timeZone) {
  const begins = Date.parse(`${day}T00:00:00Z`);
  // How far the wall is ahead differs over a year: the second look is at the right moment.
  const first = begins - ahead(begins, timeZone);
  return new Date(begins - ahead(first, timeZone)).toISOString();
}

/** By how many milliseconds a zone's wall is ahead of UTC at a moment. */
function ahead(moment, timeZone) {
  const parts = { timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const told = new Intl.DateTimeFormat("en-CA", /** @type {any} */ (parts)).formatToParts(moment);
  const of = (type) => told.find((part) => part.type === type)?.value;
  const day = ["year", "month", "day"].map(of).join("-");
  const hour = ["hour", "minute", "second"].map(of).join(":");
  return Date.parse(`${day}T${hour}Z`) - Math.floor(moment / 1_000) * 1_000;
}

/** The Monday of a day's week. @param {string} day */
export function mondayOf(day) {
  return daysAfter(day, -((new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7));
}

/** A day without an hour, for people. @param {string} day */
export function dayName(day, options = DAY) {
  return wall(`${day}T12:00:00Z`, "UTC", options);
}
