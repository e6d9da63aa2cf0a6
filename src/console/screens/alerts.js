// @ts-check
// Alerts: each rule, what it measures now against its threshold, and silence for a while.

import { get, post, remove } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { number, percent, t, word } from "../lib/i18n.js";
import { listen } from "../lib/live.js";
import { address } from "../lib/router.js";
import { may } from "../lib/session.js";
import { duration, span, time } from "../lib/time.js";
import { button, pill } from "../parts/bits.js";
import { menu } from "../parts/menu.js";
import { notice, refused } from "../parts/notice.js";
import { head } from "../parts/page.js";
import { fillWith, empty } from "../parts/states.js";

const PATH = "/api/v1/alerts";
const SILENCES = ["1h", "4h", "24h", "7d"];

/** Where what a rule measures can be looked at. */
const PLACES = {
  delivery_failure_rate: () => address("deliveries", null, { status: "retrying" }),
  delivery_latency_p95: () => address("overview"),
  retry_rate: () => address("deliveries", null, { status: "retrying" }),
  availability: () => address("system"),
  dead_letters: () => address("dead-letters"),
  processing_p95: () => address("events"),
  error_rate: () => address("events", null, { pipeline: "quarantined" }),
  signature_failure_rate: () => address("inbound", null, { status: "refused" }),
  response_time_p95: () => address("conversations"),
  no_shows: () => address("reservations", null, { status: "no_show" }),
  sla_breaches: () => address("handoffs"),
};

/** @param {any} view */
function show(view) {
  view.title(t("common.screen.alerts"));
  const box = h("div", { class: "stack" });
  const look = () => fillWith(box, () => get(PATH, {}, view.signal), ({ items }) =>
    items.length > 0 ? items.map((alert) => card(alert, look)) : empty({
      symbol: "alerts", title: t("alerts.empty"), text: t("alerts.empty_text"),
    }));
  const told = (kind, data) => {
    if (kind === "gap" || data.event_type?.startsWith("alert.")) look();
  };
  listen(["event"], { told }, view.signal);
  look();
  return [head({ title: t("common.screen.alerts"), lead: t("alerts.lead") }), box];
}

function card(alert, look) {
  const { metric, state, measured, since, silenced_until: until } = alert;
  const isRaised = state === "raised";
  const isOff = state === "off";
  const tone = isOff ? "calm" : !isRaised ? "good" : alert.severity === "critical" ? "bad" : "wait";
  const limit = alert.above ?? alert.below;
  const share = measured === null || !limit ? null : Math.min(1, measured / (limit * 1.5));
  return h("article", { class: ["card alert", isRaised && `is-${alert.severity}`] },
    h("span", { class: ["step-mark", tone] },
      icon(isRaised ? "alerts" : isOff ? "power" : "check")),
    h("div", { class: "grow stack-small" },
      h("div", { class: "row" },
        h("h2", null, word(`common.alert.${alert.alert}`)),
        pill({ raised: "raised", pending: "waiting", ok: "ok", off: "disabled" }[state],
          { text: t(`alerts.state_${state}`) }),
        isRaised && pill(alert.severity),
        until && pill("silenced", { text: t("alerts.silenced") })),
      h("p", { class: "quiet" }, rule(alert)),
      !isOff && h("div", { class: "row" },
        h("span", { class: "strong" }, measured === null
          ? t(isRaised ? "alerts.unknown" : "alerts.nothing")
          : shown(metric, measured)),
        share !== null && h("span", { class: ["meter alert-meter", isRaised ? "" : "good"],
          vars: { "--share": share } }, h("span"))),
      isRaised && since && h("p", { class: "quiet" }, t("alerts.since"), " ", time(since, "both")),
      until && h("p", { class: "quiet" }, t("alerts.until"), " ", time(until, "both"))),
    h("div", { class: "row" },
      h("a", { class: "button", href: PLACES[metric]?.() ?? address("overview") },
        t("alerts.look")),
      may("operator") && (until ? speak(alert, look) : silence(alert, look))));
}

/** The rule in words: above 5 % in 5m, for 2m, critical. */
function rule({ metric, above, below, window, for: hold, at_least: least }) {
  const limit = above !== null ? t("alerts.above", { limit: shown(metric, above) })
    : t("alerts.below", { limit: shown(metric, below) });
  // Dead letters are counted as they lie there now, whenever they came.
  return [limit, metric !== "dead_letters" && t("alerts.window", { window: span(window) }),
    hold !== "0s" && t("alerts.hold", { hold: span(hold) }),
    least > 0 && t("alerts.least", { count: least })].filter(Boolean).join(" · ");
}

function shown(metric, value) {
  if (/_p95$/.test(metric)) return duration(value);
  if (/_rate$|^availability$/.test(metric)) return percent(value, 2);
  return number(value);
}

function silence({ alert }, look) {
  return menu({ symbol: "silence", text: t("alerts.silence"), label: t("alerts.silence"),
    kind: "" },
    (close) => SILENCES.map((span) => button(t(`alerts.for_${span}`), async () => {
      close();
      await post(`${PATH}/${encodeURIComponent(alert)}/silence`, { for: span })
        .then(() => notice(t("alerts.silenced_now"), "good"), refused);
      look();
    }, { kind: "plain" })));
}

function speak({ alert }, look) {
  return button(t("alerts.speak"), async () => {
    await remove(`${PATH}/${encodeURIComponent(alert)}/silence`).catch(refused);
    look();
  }, { symbol: "alerts" });
}

export default { words: ["alerts"], show };
