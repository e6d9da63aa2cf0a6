// @ts-check
// How long customers waited: until somebody took their handoff, until the answer, and until its end, day by day.
// It is looked up once somebody unfolds it: the queue below is what the screen is for.

import { get } from "../../lib/api.js";
import { chart } from "../../lib/charts.js";
import { h, put } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { duration } from "../../lib/time.js";
import { dayName, dayOf, zone } from "../../lib/zone.js";
import { bones, failed } from "../../parts/states.js";

const WINDOW = "30d";
/** @type {[string, string][]} Each figure of the API with its colour. */
const FIGURES = [
  ["handoff_claim_time", "busy"], ["handoff_response_time", "good"], ["handoff_resolve_time", "calm"],
];

/** @param {AbortSignal} signal */
export function times(signal) {
  const box = h("div");
  const look = async () => {
    put(box, bones(4));
    try {
      const metrics = FIGURES.map(([name]) => name).join(",");
      const [timeZone, { points }] = await Promise.all([
        zone(), get("/api/v1/stats/series", { window: WINDOW, metrics }, signal),
      ]);
      put(box, drawn(daily(points, timeZone)));
    } catch (error) {
      if (/** @type {any} */ (error).name !== "AbortError") put(box, failed(error, look));
    }
  };
  const open = (event) => event.target.open && look();
  return h("details", { class: "card unfolds", ontoggle: open }, h("summary", null, t("handoffs.times")),
    box);
}

function drawn(points) {
  const waited = points.some((point) => FIGURES.some(([name]) => point[name].count > 0));
  if (!waited) return h("p", { class: "quiet" }, t("handoffs.no_times"));
  return chart({
    title: t("handoffs.times_mean"), points, kind: "lines", unit: duration, height: 160,
    series: FIGURES.map(([name, tone]) => ({
      name, tone, label: t(`handoffs.${name}`), of: (point) => mean(point[name]),
    })),
    say: (at) => dayName(at.slice(0, 10)), mark: (at) => dayName(at.slice(0, 10)),
  });
}

const mean = ({ count, sum }) => (count === 0 ? null : sum / count);

/** The hours of each day on the tenant's wall as one point. @param {any[]} hours @param {string} timeZone */
function daily(hours, timeZone) {
  const days = new Map();
  for (const hour of hours) {
    const day = dayOf(hour.at, timeZone);
    const point = days.get(day) ?? { at: `${day}T12:00:00Z` };
    for (const [name] of FIGURES) {
      const { count = 0, sum = 0 } = point[name] ?? {};
      const { count: more, mean_ms: each } = hour[name];
      point[name] = { count: count + more, sum: sum + more * (each ?? 0) };
    }
    days.set(day, point);
  }
  return [...days.values()];
}
