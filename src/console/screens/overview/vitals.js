// @ts-check
// The strip at the top: a few numbers that say at a glance whether all is well.

import { serverNow } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { number, percent, t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { duration, relative } from "../../lib/time.js";

/** Below this share of attempts that arrive, the number is shown as a warning, or worse. */
const GOOD_SHARE = 0.99;
const BAD_SHARE = 0.95;
/** Whatever waits for longer than this has failed, or is behind a limit. */
const LONG_MS = 60_000;

export function vitals(stats, needs) {
  const { "5m": now, "1h": hour } = stats.windows;
  const { success_rate: share, latency } = hour.deliveries;
  return [
    vital(t("overview.pace"), number(now.events_per_minute, { maximumFractionDigits: 1 }),
      t("overview.pace_note"), address("events")),
    vital(t("overview.success"), percent(share),
      t("overview.success_note", { count: hour.deliveries.attempts }), address("deliveries"),
      share === null ? "" : share >= GOOD_SHARE ? "good" : share >= BAD_SHARE ? "wait" : "bad"),
    vital(t("overview.latency_p95"), duration(latency.p95_ms),
      t("overview.latency_note", { p50: duration(latency.p50_ms) }), address("deliveries")),
    oldest(stats.oldest_waiting),
    vital(t("overview.dead"), number(needs.dead),
      t("overview.dead_note", { count: hour.dead_letters }),
      address("dead-letters"), needs.dead > 0 ? "bad" : "good"),
    vital(t("overview.talks"), number(stats.active_conversations),
      t("overview.talks_note", { count: hour.conversations_started }), address("conversations")),
    vital(t("overview.waiting"), number(needs.waiting), needs.waitingSince
      ? t("overview.waiting_since", { time: relative(needs.waitingSince) })
      : t("overview.waiting_note"),
      address("handoffs"),
      needs.waiting > 0 ? "wait" : ""),
  ];
}

/** How long the delivery has waited that waits for longest: a link to it. */
function oldest(delivery) {
  if (!delivery) {
    return vital(t("overview.oldest"), "–", t("overview.oldest_none"),
      address("deliveries", null, { status: "pending" }), "good");
  }
  const age = Math.max(0, serverNow() - Date.parse(delivery.created_at));
  // What is for a customer or a reader is listed from its first attempt on.
  const isOwn = [0, 4_294_967_295].includes(delivery.endpoint_id);
  const place = isOwn ? address("deliveries", null, { endpoint_id: delivery.endpoint_id })
    : address("deliveries", delivery.id);
  return vital(t("overview.oldest"), duration(age), t("overview.oldest_note"),
    place, age > LONG_MS ? "wait" : "");
}

function vital(name, value, note, href, tone = "") {
  return h("a", { class: ["vital", tone], href },
    h("span", { class: "vital-name" }, name), h("span", { class: "vital-value" }, value),
    h("span", { class: "vital-note" }, note));
}
