// @ts-check
// The history of a booking in the reader's words: the API tells it in few English ones.

import { t, word } from "../../lib/i18n.js";
import { kindName } from "../timers/kind.js";

/** Each told line: its pattern, its key, the status that it led to. */
const TOLD = [
  [/^booked for (.+)$/, "booked", "booked"],
  [/^moved to (.+)$/, "moved", "booked"],
  [/^details changed$/, "changed", "info"],
  [/^confirmed by (.+)$/, "confirmed", "confirmed"],
  [/^cancelled by (.+)$/, "cancelled", "cancelled"],
  [/^arrived, said (.+)$/, "arrived", "arrived"],
  [/^completed by (.+)$/, "completed", "completed"],
  [/^did not come$/, "no_show", "no_show"],
  [/^reminder (.+) skipped/, "reminder_skipped", "skipped"],
  // It was made then; whether it arrived, was held or cancelled stands with its delivery.
  [/^reminder (.+) sent$/, "reminder_sent", "info"],
  [/^its time is past/, "past", "info"],
];

/** What a person did to a timer: its kind, what was done, and to when it was moved. */
const BY_HAND = /^(\S+) (fired|cancelled|moved)(?: to (\S+))? by (?:hand|the operator)$/;

/**
 * @param {string} what
 * @returns {{title: string, status: string, moment: string|null}}
 */
export function past(what) {
  const [, kind, deed, to = null] = what.match(BY_HAND) ?? [];
  if (kind) {
    const status = deed === "cancelled" ? "skipped" : "info";
    return { title: t(`reservations.past_timer_${deed}`, { what: kindName(kind) }), status, moment: to };
  }
  for (const [pattern, key, status] of TOLD) {
    const found = what.match(/** @type {RegExp} */ (pattern));
    if (!found) continue;
    const said = found[1] ?? "";
    const isMoment = /^\d{4}-\d\d-\d\dT/.test(said);
    const who = word(`reservations.by_${said.replaceAll(" ", "_")}`, said);
    return { title: t(`reservations.past_${key}`, { who }), status: String(status),
      moment: isMoment ? said : null };
  }
  return { title: what, status: "info", moment: null };
}

/** The statuses that a booking has been through. @param {{what: string}[]} history */
export function been(history) {
  return history.map(({ what }) => past(what).status);
}
