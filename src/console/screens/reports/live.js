// @ts-check
// The figures of a window that ends now: side by side for 1 min, 5 min, 1 h and 1 d, with lines and
// the funnel.

import { get } from "../../lib/api.js";
import { chart } from "../../lib/charts.js";
import { h, put } from "../../lib/dom.js";
import { number, percent, short, t } from "../../lib/i18n.js";
import { withChanges } from "../../lib/router.js";
import { duration } from "../../lib/time.js";
import { bones, failed } from "../../parts/states.js";

const WINDOWS = ["1m", "5m", "1h", "1d"];
/** How often the page looks anew. */
const PERIOD_MS = 15_000;

/**
 * Rows of the table: a name, and what it is of a window.
 * @type {[string, (sum: any) => string][]}
 */
const ROWS = [
  ["events_per_minute", (sum) => number(sum.events_per_minute, { maximumFractionDigits: 1 })],
  ["error_rate", (sum) => percent(sum.error_rate)],
  ["processing", (sum) => duration(sum.processing_time.p95_ms)],
  ["success_rate", (sum) => percent(sum.deliveries.success_rate)],
  ["latency", (sum) => duration(sum.deliveries.latency.p95_ms)],
  ["retry_rate", (sum) => percent(sum.deliveries.retry_rate)],
  ["conversations_started", (sum) => number(sum.conversations_started)],
  ["ai_p50", (sum) => duration(sum.ai_response_time.p50_ms)],
  ["ai_p95", (sum) => duration(sum.ai_response_time.p95_ms)],
  ["ai_p99", (sum) => duration(sum.ai_response_time.p99_ms)],
  ["talk_length", (sum) => duration(sum.conversation_duration.p50_ms)],
  ["handoff_claim", (sum) => duration(sum.handoff_claim_time.p95_ms)],
  ["handoff_time", (sum) => duration(sum.handoff_response_time.p95_ms)],
  ["handoff_end", (sum) => duration(sum.handoff_resolve_time.p95_ms)],
  ["conversion_rate", (sum) => percent(sum.conversion_rate)],
  ["reservations_created", (sum) => number(sum.reservations_created)],
  ["reminders_sent", (sum) => number(sum.reminders_sent)],
  ["no_shows", (sum) => number(sum.no_shows)],
];

/** @param {HTMLElement} box @param {URLSearchParams} query @param {AbortSignal} signal */
export function live(box, query, signal) {
  const asked = query.get("window") ?? "";
  const chosen = WINDOWS.includes(asked) ? asked : "1h";
  put(box, bones(8));
  async function look() {
    try {
      const [stats, series] = await Promise.all([
        get("/api/v1/stats", {}, signal), get("/api/v1/stats/series", { window: chosen }, signal),
      ]);
      // Whoever reads a chart by keys keeps it.
      if (!box.contains(document.activeElement)) put(box, board(stats, series.points, chosen));
    } catch (error) {
      if (/** @type {any} */ (error).name !== "AbortError") put(box, failed(error, look));
    }
  }
  const timer = setInterval(() => !document.hidden && look(), PERIOD_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  look();
}

function board(stats, points, chosen) {
  const sum = stats.windows[chosen];
  return h("div", { class: "board" },
    h("section", { class: "card" }, table(stats, chosen)),
    h("section", { class: "card half" }, chart({
      title: t("reports.events"), points, kind: "bars", unit: short, height: 160,
      series: [{ name: "events", label: t("reports.events"), tone: "busy",
        of: (point) => point.events }],
    })),
    h("section", { class: "card half" }, chart({
      title: t("reports.ai_time"), points, kind: "lines", unit: duration, height: 160,
      series: [["p50", "busy"], ["p95", "wait"], ["p99", "bad"]].map(([name = "", tone = ""]) => ({
        name, tone, label: name, of: (point) => point.ai_response_time[`${name}_ms`],
      })),
    })),
    h("section", { class: "card half" }, h("h2", null, t("reports.funnel")), funnel(sum.funnel)),
    h("section", { class: "card half" }, h("h2", null, t("reports.top")), top(sum.top_events)));
}

function table(stats, chosen) {
  const here = (name) => (name === chosen ? "is-here" : "");
  const head = (name) => h("th", { scope: "col", class: here(name) }, h("a", {
    href: withChanges({ window: name }), "aria-current": name === chosen ? "true" : null,
  }, t(`reports.window_${name}`)));
  const row = ([name, of]) => h("tr", null, h("th", { scope: "row" }, t(`reports.${name}`)),
    WINDOWS.map((window) => h("td", { class: here(window) }, of(stats.windows[window]))));
  const active = t("reports.active", { count: stats.active_conversations });
  const label = t("reports.windows");
  return h("div", { class: "wide-box", tabindex: 0, role: "region", "aria-label": label },
    h("table", { class: "figures-table" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, active), WINDOWS.map(head))),
      h("tbody", null, ROWS.map(row))));
}

/** How far conversations came: each stage as a bar of those that began. */
export function funnel(stages) {
  const first = Math.max(1, stages[0]?.count ?? 0);
  return h("ol", { class: "funnel" }, stages.map(({ stage, count, share }) => h("li", null,
    h("div", { class: "row" }, h("span", { class: "grow" }, t(`reports.stage_${stage}`)),
      h("span", { class: "strong" }, number(count)),
      h("span", { class: "quiet" }, percent(share, 0))),
    h("div", { class: "funnel-bar", vars: { "--share": Math.min(1, count / first) } },
      h("span")))));
}

/** Names with a bar as long as their share of the greatest. */
export function top(events) {
  if (events.length === 0) return h("p", { class: "quiet" }, t("reports.nothing"));
  const most = Math.max(1, ...events.map(({ count }) => count));
  return h("div", { class: "bar-rows" }, events.map(({ event_type: name, count, before }) => [
    h("span", { class: "name", title: name }, name),
    h("span", { class: "meter", vars: { "--share": count / most } }, h("span")),
    h("span", { class: "is-number" }, number(count), before !== undefined && before !== null
      && h("span", { class: "quiet" }, ` (${number(before)})`)),
  ]));
}
