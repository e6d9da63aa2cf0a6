// @ts-check
// A test: sends `test.ping` and shows what the receiver answered, as soon as it did.

import { get, post } from "../../lib/api.js";
import { h, put } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { duration } from "../../lib/time.js";
import { bones } from "../../parts/states.js";
import { hint, inBoth } from "../../parts/bits.js";
import { payload } from "../../parts/payload.js";

const PERIOD_MS = 500;
const LOOKS_MAX = 40;

/** @param {any} endpoint @param {HTMLElement} box */
export async function test(endpoint, box) {
  put(box, h("p", { class: "quiet" }, t("endpoints.test_under_way")), bones(2));
  try {
    const { event_id } = await post(`/api/v1/admin/notify/test/${endpoint.id}`);
    for (let look = 0; look < LOOKS_MAX && box.isConnected; look += 1) {
      const { items } = await get("/api/v1/deliveries", { event_id });
      const found = items.find((item) => item.endpoint_id === endpoint.id);
      if (found && found.attempts > 0) return put(box, await result(found));
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    }
    put(box, hint(t("endpoints.test_slow")));
  } catch (error) {
    put(box, hint(/** @type {Error} */ (error).message, "bad", "failed"));
  }
}

async function result(found) {
  const delivery = await get(`/api/v1/deliveries/${found.id}`);
  const attempt = delivery.history.at(-1);
  const good = delivery.status === "sent";
  const code = attempt?.response_code ?? found.response_code;
  const took = attempt && duration(attempt.duration_ms);
  const said = good ? t("endpoints.test_good", { code: String(code), took })
    : code > 0 ? t("endpoints.test_refused", { code: String(code) })
      : t("endpoints.test_unanswered");
  return [
    hint([h("p", { class: "strong" }, said),
      !good && h("p", null, inBoth(attempt?.error_message ?? delivery.error_message)),
      !good && h("p", null, advice(code)),
      h("a", { href: address("deliveries", found.id) }, t("endpoints.test_detail"))],
    good ? "good" : "bad", good ? "check" : "failed"),
    attempt?.response_body && h("details", null, h("summary", null, t("endpoints.test_body")),
      payload(attempt.response_body, t("endpoints.test_body"))),
  ];
}

/** What to look at first, by the answer. */
function advice(code) {
  if (code === 401 || code === 403) return t("endpoints.advice_auth");
  if (code === 404 || code === 410) return t("endpoints.advice_path");
  if (code >= 300 && code < 400) return t("endpoints.advice_redirect");
  if (code >= 500) return t("endpoints.advice_server");
  return code > 0 ? t("endpoints.advice_refused") : t("endpoints.advice_reach");
}
