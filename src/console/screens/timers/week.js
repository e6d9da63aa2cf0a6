// @ts-check
// A week of timers on the tenant's wall: a column for each day, and on a phone one day after the
// other.

import { h, put } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { t } from "../../lib/i18n.js";
import { setQuery, withChanges } from "../../lib/router.js";
import { HOUR, dayName, dayOf, daysAfter, mondayOf, wall } from "../../lib/zone.js";
import { openDialog } from "../../parts/dialog.js";
import { bones, failed } from "../../parts/states.js";
import { remember, detail } from "./detail.js";
import { groupOf, kindName } from "./kind.js";
import { upTo } from "./plan.js";

/** So many stand in a day before the rest is folded. */
const SHOWN = 9;
const DAY_MS = 86_400_000;

/** @param {HTMLElement} box @param {string} timeZone @param {AbortSignal} signal */
export async function week(box, timeZone, signal) {
  const asked = new URLSearchParams(location.search).get("week");
  const today = dayOf(Date.now(), timeZone);
  const first = mondayOf(/^\d{4}-\d\d-\d\d$/.test(asked ?? "") ? /** @type {string} */ (asked)
    : today);
  if (box.dataset.week !== first) put(box, bones(8));
  box.dataset.week = first;
  try {
    // A day more than the week has: zones are up to a day apart.
    const { items, isWhole } = await upTo(Date.parse(`${daysAfter(first, 7)}T00:00:00Z`) + DAY_MS,
      signal);
    items.forEach(remember);
    put(box, h("div", { class: "stack-small" }, head(first, today, timeZone),
      h("div", { class: "week" }, Array.from({ length: 7 }, (_, index) => {
        const day = daysAfter(first, index);
        return column(day, items.filter(({ due_at: due }) => dayOf(due, timeZone) === day),
          { today, timeZone });
      })),
      !isWhole && h("p", { class: "quiet" }, t("timers.not_whole"))));
  } catch (error) {
    if (/** @type {any} */ (error).name !== "AbortError") put(box,
      failed(error, () => week(box, timeZone, signal)));
  }
}

function head(first, today, timeZone) {
  const step = (day, symbol, text) => h("a", {
    class: "button plain icon-only", href: withChanges({ week: day }), title: text,
    "aria-label": text,
  }, icon(symbol));
  return h("div", { class: "week-head" },
    first > mondayOf(today) && step(daysAfter(first, -7), "left", t("timers.week_before")),
    h("h2", null, `${dayName(first)} – ${dayName(daysAfter(first, 6))}`),
    step(daysAfter(first, 7), "right", t("timers.week_after")),
    first !== mondayOf(today)
      && h("a", { class: "button small", href: withChanges({ week: null }) },
      t("timers.this_week")),
    h("span", { class: "quiet week-zone" }, timeZone));
}

function column(day, items, { today, timeZone }) {
  const name = h("h3", null, dayName(day, { weekday: "short" }), " ",
    h("b", null, String(Number(day.slice(8)))),
    items.length > 0 && h("span", { class: "week-count" }, String(items.length)));
  const rows = items.map((timer) => entry(timer, timeZone));
  return h("section", { class: ["week-day", day === today && "is-today",
    day < today && "is-past"] }, name,
    rows.length === 0 ? h("p", { class: "quiet week-none" }, "–") : [rows.slice(0, SHOWN),
      rows.length > SHOWN && h("details", null,
        h("summary", null, t("timers.more", { count: rows.length - SHOWN })), rows.slice(SHOWN))]);
}

function entry(timer, timeZone) {
  const { tone } = groupOf(timer.kind);
  return h("button", { type: "button", class: `week-entry ${tone}`, onclick: () => open(timer) },
    h("b", null, wall(timer.due_at, timeZone, HOUR)), " ", kindName(timer.kind),
    h("span", null, timer.entity === timer.entity_id ? "" : timer.entity_id));
}

function open(timer) {
  const box = h("div");
  const dialog = openDialog({ title: t("timers.one"), body: box });
  detail(timer.id, box, () => {
    dialog.close();
    setQuery({}, { quietly: true });
  });
}
