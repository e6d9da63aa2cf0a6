// @ts-check
// Attempts as steps of a timeline: what was answered, what it took, and the answer itself folded
// away.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { duration } from "../../lib/time.js";
import { inBoth, pill } from "../../parts/bits.js";
import { payload } from "../../parts/payload.js";

/** What stands for what is hidden. */
const HIDDEN = "•••";

/** @param {any[]} history */
export function attempts(history) {
  return history.map((attempt) => ({
    status: attempt.outcome, at: attempt.began_at, took: duration(attempt.duration_ms),
    title: h("span", { class: "row" }, attempt.attempt === 0 ? t("deliveries.by_hand")
      : t("deliveries.attempt", { number: attempt.attempt }), answerOf(attempt)),
    text: inBoth(attempt.error_message),
    more: answer(attempt.response_body),
  }));
}

/** The answer, folded away; that it is hidden is said to whoever may not see it. */
function answer(body) {
  if (!body) return null;
  if (body === HIDDEN) return h("p", { class: "quiet small-text" }, t("deliveries.response_hidden"));
  return h("details", null, h("summary", null, t("deliveries.response")),
    payload(body, t("deliveries.response")));
}

function answerOf({ response_code: code, outcome }) {
  const text = code === -1 ? t("deliveries.no_answer") : code > 0 ? `HTTP ${code}` : null;
  return text && pill(outcome, { text });
}
