// @ts-check
// What a timer is of, with the way to it.

import { h } from "../../lib/dom.js";
import { has, t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { twoLines } from "../../parts/bits.js";

const SCREENS = {
  reservation: "reservations", handoff: "handoffs", conversation: "conversations",
  endpoint: "endpoints",
  alerts: "alerts", lead: "leads", "dead-letters": "dead-letters",
};
/** Screens on which such a thing is not one item. */
const WHOLE = ["alerts", "dead-letters"];

/** Where the thing is that a timer is of, or null. */
export function entityAddress({ entity, entity_id: id }) {
  const screen = SCREENS[entity];
  if (!screen) return null;
  return address(screen, WHOLE.includes(entity) ? null : id);
}

/** Its kind and its id, as a link where there is a screen for it. */
export function entityLink(timer) {
  const key = `timers.entity_${timer.entity.replaceAll("-", "_")}`;
  const name = has(key) ? t(key) : timer.entity;
  const href = entityAddress(timer);
  const id = timer.entity === timer.entity_id ? "" : timer.entity_id;
  if (!href) return twoLines(name, id);
  return h("span", { class: "cell-two" }, h("a", { href }, id || name),
    h("span", null, id && name));
}
