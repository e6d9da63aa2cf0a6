// @ts-check
// The overview: is all well, and if not, what wants attention first. Numbers are links to what they
// count.

import { get } from "../lib/api.js";
import { chart } from "../lib/charts.js";
import { h, put } from "../lib/dom.js";
import { number, short, t } from "../lib/i18n.js";
import { listen } from "../lib/live.js";
import { onQuery, withChanges } from "../lib/router.js";
import { duration } from "../lib/time.js";
import { pausedChannels } from "../lib/zone.js";
import { head } from "../parts/page.js";
import { bones, failed } from "../parts/states.js";
import { attention } from "./overview/attention.js";
import { channels } from "./overview/channels.js";
import { vitals } from "./overview/vitals.js";

const WINDOWS = ["5m", "1h", "1d", "7d"];
/** How often the page looks anew by itself; news may hurry it. */
const PERIOD_MS = 30_000;
const HURRY_MS = 10_000;

/** @param {any} view */
function show(view) {
  view.title(t("common.screen.overview"));
  const choice = h("div");
  const strip = h("section", { class: "strip", "aria-label": t("overview.vitals") }, bones(3));
  const board = h("div", { class: "board" }, h("div", { class: "card" }, bones(8)));
  let query = view.query;
  const chosen = () => WINDOWS.find((name) => name === query.get("window")) ?? "1h";

  async function look() {
    put(choice, windows(chosen()));
    try {
      const [stats, series, needs, paused] = await Promise.all([
        get("/api/v1/stats", {}, view.signal),
        get("/api/v1/stats/series", { window: chosen() }, view.signal),
        attention(view.signal, changed), pausedChannels(),
      ]);
      if (board.contains(document.activeElement)) return;
      const sum = stats.windows[chosen()] ?? stats.windows["1d"];
      put(strip, vitals(stats, needs));
      put(board, cards(series.points, sum, needs,
        channels(sum.deliveries, paused, changed)));
    } catch (error) {
      if (/** @type {any} */ (error).name === "AbortError") return;
      put(strip);
      put(board, failed(error, look));
    }
  }

  function changed() {
    // The button that was pressed has the focus, which would hold the page as it is.
    /** @type {any} */ (document.activeElement)?.blur();
    look();
  }

  const timer = setInterval(look, PERIOD_MS);
  let due = 0;
  view.signal.addEventListener("abort", () => clearInterval(timer));
  const told = () => {
    due ||= setTimeout(() => {
      due = 0;
      if (!view.signal.aborted) look();
    }, HURRY_MS);
  };
  listen(["event", "delivery", "state"], { told }, view.signal);
  onQuery((next) => {
    query = next;
    look();
  });
  look();
  return [head({ title: t("common.screen.overview"), lead: t("overview.lead"), actions: choice }),
    h("div", { class: "stack" }, strip, board)];
}

function windows(chosen) {
  return h("nav", { class: "chips", "aria-label": t("common.period") }, WINDOWS.map((name) =>
    h("a", {
      class: "chip", href: withChanges({ window: name }), "aria-current": name === chosen ? "true"
        : null,
    }, t(`overview.window.${name}`))));
}

function cards(points, sum, needs, roads) {
  const whole = (value) => short(value);
  const size = (name) => (point) => point.deliveries.latency[name];
  return [
    h("div", { class: "two-thirds stack" }, h("section", { class: "card" }, chart({
      title: t("overview.deliveries"), points, kind: "bars", unit: whole,
      series: [
        { name: "sent", label: t("overview.sent"), tone: "good",
          of: (point) => point.deliveries.sent },
        { name: "failed", label: t("overview.failed"), tone: "bad",
          of: (point) => point.deliveries.failed },
      ],
    })), h("div", { class: "two-up" }, h("section", { class: "card" }, chart({
      title: t("overview.latency"), points, kind: "lines", unit: duration, height: 150,
      series: [
        { name: "p50", label: "p50", tone: "busy", of: size("p50_ms") },
        { name: "p95", label: "p95", tone: "wait", of: size("p95_ms") },
      ],
    })),
    h("section", { class: "card" }, chart({
      title: t("overview.events"), points, kind: "bars", unit: whole, height: 150,
      series: [{ name: "events", label: t("overview.events"), tone: "busy",
        of: (point) => point.events }],
    })))),
    h("section", { class: "card third" }, h("h2", null, t("overview.attention")), needs.view),
    h("section", { class: "card third" }, h("h2", null, t("overview.channels")), roads),
    h("section", { class: "card third" }, h("h2", null, t("overview.bookings")), bookings(sum)),
    h("section", { class: "card third" }, h("h2", null, t("overview.top")),
      rows(sum.top_events.map(({ event_type: name, count }) => [name, count]))),
  ];
}

function bookings(sum) {
  const names = [
    "reservations_created", "reminders_sent", "reservations_confirmed", "reservations_cancelled",
    "reservations_arrived", "no_shows", "handoffs_opened", "sla_breached",
  ];
  return rows(names.map((name) => [t(`overview.${name}`), sum[name]]), true);
}

/** Names with a bar as long as their share of the greatest. */
function rows(pairs, isWords = false) {
  const top = Math.max(1, ...pairs.map(([, count]) => count));
  if (pairs.length === 0) return h("p", { class: "quiet" }, t("overview.nothing"));
  return h("div", { class: "bar-rows" }, pairs.map(([name, count]) => [
    h("span", { class: isWords ? "" : "name", title: name }, name),
    h("span", { class: "meter", vars: { "--share": count / top } }, h("span")),
    h("span", { class: "is-number" }, number(count)),
  ]));
}

export default { words: ["overview"], show };
