// @ts-check
// What wants attention, grouped by its cause, the worst first: alerts, what was given up, endpoints
// that fail, people who wait. Where there is nothing, the watchman calls the hour.

import { get } from "../../lib/api.js";
import { causeName } from "../../lib/causes.js";
import { nameOf } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { language, number, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { time } from "../../lib/time.js";

/** As many causes as the card shows; the lists behind them hold all. */
const SHOWN_MAX = 6;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<{view: any, dead: number, alerts: number, waiting: number, failing: number}>}
 */
export async function attention(signal) {
  const [alerts, causes, endpoints, handoffs] = await Promise.all([
    get("/api/v1/alerts", { state: "raised" }, signal),
    get("/api/v1/dead-letters", { group: "cause" }, signal),
    get("/api/v1/admin/notify/endpoints", { limit: 500 }, signal),
    get("/api/v1/handoffs", { status: "open", limit: 100 }, signal),
  ]);
  const ill = endpoints.items.filter((one) => one.health === "failing" || one.disabled_reason);
  const late = handoffs.items.filter((one) => one.breached_at);
  const needs = [
    ...alerts.items.map(ofAlert), late.length > 0 && ofHandoffs(late), ...ill.map(ofEndpoint),
    ...causes.items.map(ofCause),
  ].filter(Boolean);
  const counts = {
    dead: causes.total, alerts: alerts.items.length, waiting: handoffs.items.length,
      failing: ill.length,
  };
  return { view: needs.length > 0 ? shown(needs) : calm(), ...counts };
}

function ofAlert(alert) {
  return {
    tone: alert.severity === "critical" ? "bad" : "wait", symbol: "alerts", at: alert.since,
    title: word(`common.alert.${alert.alert}`), text: t("overview.alert_text"),
      href: address("alerts"),
  };
}

function ofHandoffs(late) {
  const first = late.reduce((one, other) => one.opened_at < other.opened_at ? one : other);
  return {
    tone: "bad", symbol: "handoffs", at: first.opened_at, title: t("overview.handoffs"),
    text: t("overview.handoffs_text"), count: late.length,
      href: address("handoffs", null, { status: "open" }),
  };
}

function ofEndpoint(endpoint) {
  const { enabled, disabled_reason: why, failing_since: since } = endpoint;
  return {
    tone: "bad", symbol: "endpoints", at: enabled ? since : null, title: nameOf(endpoint),
    text: enabled ? t("overview.endpoint_failing") : t("overview.endpoint_disabled", { why }),
    href: address("endpoints", null, { open: String(endpoint.id) }),
  };
}

function ofCause(cause) {
  return {
    tone: cause.fault === "system" ? "bad" : "wait", symbol: "dead", count: cause.count,
    title: causeName(cause.cause), text: word(`common.fault.${cause.fault}`), at: cause.newest_at,
    href: address("dead-letters", null, { cause: cause.cause, fault: cause.fault }),
  };
}

function shown(needs) {
  const rest = needs.length - SHOWN_MAX;
  return [
    h("ul", { class: "attention" }, needs.slice(0, SHOWN_MAX).map((need) => h("li", null,
      h("span", { class: ["step-mark", need.tone] }, icon(need.symbol)),
      h("div", { class: "grow" },
        h("p", null, h("a", { class: "row-link", href: need.href }, need.title)),
        h("p", { class: "quiet" }, need.text, need.at && " · ", need.at && time(need.at))),
      need.count && h("span", { class: "strong" }, number(need.count))))),
    rest > 0 && h("p", { class: "quiet" }, t("overview.more", { count: rest })),
  ];
}

/** "Las diez y sereno": nothing wants anybody. */
function calm() {
  const hour = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit" });
  return h("div", { class: "seal" }, icon("lantern"), h("div", null,
    h("p", { class: "strong" }, t("overview.calm", { time: hour.format(new Date()) })),
    h("p", { class: "quiet" }, t("overview.calm_text"))));
}
