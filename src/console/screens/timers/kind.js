// @ts-check
// Kinds of timers: their names, their icons, and the groups in which charts show them.

import { has, t } from "../../lib/i18n.js";
import { span } from "../../lib/time.js";

/** @param {string} kind such as `reminder.24h`, `no_show`, `sla` */
export function kindName(kind) {
  const reminder = kind.match(/^reminder\.(.+)$/);
  if (reminder) return t("timers.kind.reminder", { name: span(reminder[1]) });
  return has(`timers.kind.${kind}`) ? t(`timers.kind.${kind}`) : kind;
}

/** Groups by tone and icon, in the order of the charts. */
export const GROUPS = [
  { name: "reminder", tone: "busy", symbol: "alerts" },
  { name: "no_show", tone: "wait", symbol: "gone" },
  { name: "sla", tone: "bad", symbol: "handoffs" },
  { name: "idle", tone: "good", symbol: "conversations" },
  { name: "other", tone: "calm", symbol: "timers" },
];

/** The group of a kind. */
export function groupOf(kind) {
  const name = kind.startsWith("reminder.") ? "reminder" : kind;
  return GROUPS.find((group) => group.name === name) ?? /** @type {any} */ (GROUPS.at(-1));
}
