// @ts-check
// The next day's hours: how many timers fire in each, by kind.

import { chart } from "../../lib/charts.js";
import { h } from "../../lib/dom.js";
import { number, t } from "../../lib/i18n.js";
import { HOUR, wall } from "../../lib/zone.js";
import { GROUPS, groupOf } from "./kind.js";

const HOUR_MS = 3_600_000;

/** @param {{items: any[], isWhole: boolean}} plan @param {string} timeZone */
export function day({ items, isWhole }, timeZone) {
  const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const points = Array.from({ length: 24 },
    (_, index) => ({ at: new Date(start + index * HOUR_MS).toISOString() }));
  const late = items.filter(({ due_at: due }) => Date.parse(due) < Date.now() - 1_000).length;
  for (const { kind, due_at: due } of items) {
    // What is late stands in the first hour: it fires now.
    const point = points[Math.max(0, Math.floor((Date.parse(due) - start) / HOUR_MS))];
    const { name } = groupOf(kind);
    if (point) point[name] = (point[name] ?? 0) + 1;
  }
  const named = GROUPS.filter(({ name }) => points.some((point) => point[name]));
  const series = (named.length > 0 ? named : GROUPS.slice(0, 1)).map(({ name, tone }) => ({
    name, tone, label: t(`timers.group_${name}`), of: (point) => point[name] ?? 0,
  }));
  return chart({
    title: t("timers.next_day", { count: items.length }), points, series, kind: "bars", height: 150,
    // Half a timer is nothing to mark.
    unit: (value) => (Number.isInteger(value) ? number(value) : ""),
    say: (at) => `${wall(at, timeZone, HOUR)}–${wall(Date.parse(at) + HOUR_MS, timeZone, HOUR)}`,
    mark: (at) => wall(at, timeZone, HOUR),
    note: [late > 0 && h("p", { class: "bad-note" }, t("timers.late_note", { count: late })),
      !isWhole && h("p", { class: "quiet" }, t("timers.not_whole"))],
  });
}
