// @ts-check
// How an endpoint stands, in one word and a reason.

import { t } from "../../lib/i18n.js";
import { relative } from "../../lib/time.js";

/** @returns {{state: "healthy"|"degraded"|"failing"|"unknown"|"disabled", reason: string|null}} */
export function stateOf(endpoint) {
  const { enabled, disabled_reason: why, health, failing_since: since } = endpoint;
  if (!enabled) return { state: "disabled", reason: why ?? t("endpoints.by_person") };
  if (health !== "failing" && health !== "degraded") return { state: health, reason: null };
  const probe = endpoint.next_probe_at;
  const text = since ? t("endpoints.failing_since", { since: relative(since) }) : null;
  const next = probe ? t("endpoints.probe_at", { at: relative(probe) }) : null;
  return { state: health, reason: [text, next].filter(Boolean).join(" · ") };
}
