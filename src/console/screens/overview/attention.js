// @ts-check
// What wants attention, grouped by its cause, the worst first: alerts, what is held, what was given up,
// endpoints that fail, people who wait. Where there is nothing, the watchman calls the hour.

import { get } from "../../lib/api.js";
import { causeName, errorText } from "../../lib/causes.js";
import { nameOf } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { language, number, t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { time } from "../../lib/time.js";
import { pausedChannels } from "../../lib/zone.js";
import { pausedBy } from "../../parts/bits.js";
import { isKnown, knownBy, knownButton } from "../letters/known.js";

/** As many as the card shows at once; the others unfold. */
const SHOWN_MAX = 6;
/** As many as one look counts of what is overdue or stands aside. */
const COUNTED_MAX = 99;
/** A timer that is late by less may be firing right now. */
const LATE_MS = 5_000;

/**
 * @param {AbortSignal} signal @param {() => void} changed when somebody has taken note of something
 * @returns {Promise<{view: any, dead: number, alerts: number, waiting: number,
 *   waitingSince: string|null, failing: number}>}
 */
export async function attention(signal, changed) {
  const [alerts, causes, endpoints, handoffs, timers, aside, paused] = await Promise.all([
    get("/api/v1/alerts", { state: "raised" }, signal),
    get("/api/v1/dead-letters", { group: "cause" }, signal),
    get("/api/v1/admin/notify/endpoints", { limit: 500 }, signal),
    get("/api/v1/handoffs", { status: "open", limit: 100 }, signal),
    get("/api/v1/timers", { limit: COUNTED_MAX }, signal),
    get("/api/v1/events", { pipeline: "quarantined", limit: COUNTED_MAX }, signal),
    pausedChannels(),
  ]);
  // Nothing else holds anything, so that most often there is nothing to look for.
  const mayHold = paused.length > 0 || endpoints.items.some((one) => !one.enabled);
  const held = mayHold ? await get("/api/v1/deliveries", { status: "held", limit: COUNTED_MAX }, signal)
    : { items: [] };
  const ill = endpoints.items.filter((one) => one.health === "failing" || one.disabled_reason);
  const late = handoffs.items.filter((one) => one.breached_at);
  // The earliest come first, so those that are late are among them.
  const overdue = timers.items.filter((one) => Date.parse(one.due_at) < Date.now() - LATE_MS);
  const needs = firstOfEach([
    alerts.items.map(ofAlert), ofHeld(held.items, paused), late.length > 0 ? [ofHandoffs(late)] : [],
    overdue.length > 0 ? [ofTimers(overdue)] : [],
    causes.items.filter((one) => !isKnown(one)).map((one) => ofCause(one, changed)),
    ill.map(ofEndpoint),
    aside.items.length > 0 ? [ofAside(aside.items)] : [],
  ]);
  const counts = {
    dead: causes.total, alerts: alerts.items.length, waiting: handoffs.items.length,
      waitingSince: earliest(handoffs.items)?.opened_at ?? null,
      failing: ill.length,
  };
  const known = causes.items.filter(isKnown).map((one) => ofCause(one, changed));
  return { view: [needs.length > 0 ? shown(needs) : calm(), behind(known)], ...counts };
}

/** One of each kind before the second of any, so that many of one kind hide no other. */
function firstOfEach(kinds) {
  const most = Math.max(...kinds.map(({ length }) => length));
  return Array.from({ length: most }, (_, place) => kinds.map((kind) => kind[place]))
    .flat().filter(Boolean);
}

function ofAlert(alert) {
  return {
    tone: alert.severity === "critical" ? "bad" : "wait", symbol: "alerts", at: alert.since,
    title: word(`common.alert.${alert.alert}`), text: t("overview.alert_text"),
      href: address("alerts"),
  };
}

/** Each channel that is paused, and what else is held: for endpoints that are disabled. */
function ofHeld(held, paused) {
  const need = (items, title, text, query) => ({
    tone: "wait", symbol: "pause", title, text, count: items.length,
    href: address("deliveries", null, { status: "held", ...query }),
  });
  const others = held.filter((one) => !paused.some(({ channel }) => channel === one.channel));
  return [
    ...paused.map(({ channel, paused_by_hand: by }) => need(
      held.filter((one) => one.channel === channel),
      t("overview.paused", { channel: word(`common.channel.${channel}`) }),
      by ? pausedBy(by) : t("overview.held_text"), { channel })),
    others.length > 0 && need(others, t("overview.held"), t("overview.held_disabled"), {}),
  ].filter(Boolean);
}

/** Who has waited for longest. */
function earliest(handoffs) {
  return handoffs.toSorted((one, other) => one.opened_at < other.opened_at ? -1 : 1)[0];
}

function ofHandoffs(late) {
  const first = earliest(late);
  return {
    tone: "bad", symbol: "handoffs", at: first.opened_at, title: t("overview.handoffs"),
    text: t("overview.handoffs_text"), count: late.length,
      href: address("handoffs", null, { status: "open" }),
  };
}

function ofTimers(overdue) {
  return {
    tone: "bad", symbol: "timers", at: overdue[0].due_at, title: t("overview.timers"),
    text: t("overview.timers_text"), count: overdue.length, href: address("timers"),
  };
}

function ofAside(events) {
  return {
    tone: "wait", symbol: "events", at: events[0].received_at, title: t("overview.aside"),
    text: t("overview.aside_text"), count: events.length,
    href: address("events", null, { pipeline: "quarantined" }),
  };
}

function ofEndpoint(endpoint) {
  const { enabled, disabled_reason: why, failing_since: since } = endpoint;
  return {
    tone: "bad", symbol: "endpoints", at: enabled ? since : null, title: nameOf(endpoint),
    text: enabled ? t("overview.endpoint_failing") : t("overview.endpoint_disabled", { why: errorText(why) }),
    href: address("endpoints", null, { open: String(endpoint.id) }),
  };
}

function ofCause(cause, changed) {
  const { cause: name, fault, acknowledged: known } = cause;
  const isOld = isKnown(cause);
  const text = isOld ? knownBy(known) : word(`common.fault.${fault}`);
  return {
    tone: fault === "system" ? "bad" : "wait", symbol: "dead", count: cause.count,
    title: causeName(name), text, at: isOld ? known.at : cause.newest_at,
    href: address("dead-letters", null, { cause: name, fault }),
    action: knownButton(cause, changed),
  };
}

/** Whether the others are unfolded, and what is known, which outlives that the card is drawn anew. */
let isUnfolded = false;
let isKnownUnfolded = false;

/** What somebody has taken note of, behind all the rest. */
function behind(known) {
  return known.length > 0 && h("details", {
    open: isKnownUnfolded, ontoggle: (event) => (isKnownUnfolded = event.target.open),
  },
    h("summary", { class: "quiet" }, t("overview.known", { count: known.length })),
    h("ul", { class: "attention further" }, known.map(line)));
}

function shown(needs) {
  const rest = needs.slice(SHOWN_MAX);
  return [
    h("ul", { class: "attention" }, needs.slice(0, SHOWN_MAX).map(line)),
    rest.length > 0 && h("details", {
      open: isUnfolded, ontoggle: (event) => (isUnfolded = event.target.open),
    },
      h("summary", { class: "quiet" }, t("overview.more", { count: rest.length })),
      h("ul", { class: "attention further" }, rest.map(line))),
  ];
}

function line(need) {
  return h("li", null,
    h("span", { class: ["step-mark", need.tone] }, icon(need.symbol)),
    h("div", { class: "grow" },
      h("p", null, h("a", { class: "row-link", href: need.href }, need.title)),
      h("p", { class: "quiet" }, need.text, need.at && " · ", need.at && time(need.at))),
    need.count > 0 && h("span", { class: "strong" }, number(need.count),
      need.count === COUNTED_MAX && "+"), need.action);
}

/** "Las diez y sereno": nothing wants anybody. */
function calm() {
  const hour = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit" });
  return h("div", { class: "seal" }, icon("lantern"), h("div", null,
    h("p", { class: "strong" }, t("overview.calm", { time: hour.format(new Date()) })),
    h("p", { class: "quiet" }, t("overview.calm_text"))));
}
