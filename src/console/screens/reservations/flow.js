// @ts-check
// The ways that a booking can go, as the rules of the workflow allow them.

import { t, word } from "../../lib/i18n.js";

const PLACES = {
  booked: [0, 0], confirmed: [1, 0], arrived: [2, 0], completed: [3, 0], cancelled: [0.5, 1],
  no_show: [1.6, 1],
};

/** Actions by the status in which they are taken, with what they lead to. */
const ACTIONS = {
  booked: { confirm: "confirmed", arrive: "arrived", complete: "completed", no_show: "no_show",
    cancel: "cancelled", reschedule: "booked" },
  confirmed: { arrive: "arrived", complete: "completed", no_show: "no_show", cancel: "cancelled",
    reschedule: "booked" },
  arrived: { complete: "completed" },
  no_show: { arrive: "arrived" },
  cancelled: {},
  completed: {},
};

/** Ways that are drawn only where they can be taken: they would cross the others. */
const QUIET = ["booked>arrived", "booked>completed", "confirmed>completed", "confirmed>booked",
  "booked>no_show", "no_show>arrived"];

/** @returns {import("../../parts/machine.js").Place[]} */
export function places() {
  return Object.entries(PLACES).map(([name, [along, across]]) =>
    ({ name, along: along ?? 0, across: across ?? 0, label: word(`common.status.${name}`) }));
}

/** @returns {import("../../parts/machine.js").Way[]} */
export function ways() {
  return Object.entries(ACTIONS).flatMap(([from, actions]) => Object.entries(actions)
    .filter(([, to]) => to !== from)
    .map(([action, to]) => ({ from, to, label: t(`reservations.do_${action}`),
      quiet: QUIET.includes(`${from}>${to}`) })));
}

/** What may be done as it stands, the likeliest first. @returns {string[]} */
export function actionsOf(status) {
  return Object.keys(ACTIONS[status] ?? {});
}
