// @ts-check
// Another way for what does not arrive: another endpoint gets the event too, as a delivery of its own.

import { post } from "../../lib/api.js";
import { endpointName, endpoints, nameOf } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { hint, whoName } from "../../parts/bits.js";
import { openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice } from "../../parts/notice.js";
import { reasonField } from "../../parts/reason.js";
import { fullTime } from "../../lib/time.js";

/**
 * Asks to whom, and sends it there.
 * @param {{id: string, endpoint_id: number}} found @param {() => void} done
 */
export async function handOn(found, done) {
  const title = t("deliveries.hand_on");
  const dialog = openDialog({ title, body: null });
  const others = (await endpoints()).filter((one) => one.enabled && one.id !== found.endpoint_id);
  if (others.length === 0) return dialog.show([hint(t("deliveries.hand_on_none"))], null);
  const reason = reasonField();
  dialog.show([hint(t("deliveries.hand_on_text")), makeForm({
    fields: [field({
      name: "endpoint_id", label: t("deliveries.hand_on_to"), type: "select", required: true,
      choices: others.map((one) => [String(one.id),
        `${word(`common.channel.${one.kind}`)} · ${nameOf(one)}`]),
    }), reason.element],
    yes: title, cancel: dialog.close,
    submit: async ({ endpoint_id: to }) => {
      await post(`/api/v1/deliveries/${encodeURIComponent(found.id)}/hand-on`,
        { endpoint_id: Number(to), ...reason.said() });
      dialog.close();
      notice(t("deliveries.handed_on"), "good");
      done();
    },
  })], null);
}

/** To whom a dead letter was handed on, as a fact. @param {any} to */
export async function handedOnFacts(to) {
  if (!to) return [];
  const { endpoint_id: endpoint, delivery_id: delivery, at, by, reason } = to;
  return [[t("deliveries.handed_on_to"), h("span", { class: "stack-small" },
    h("a", { href: address("deliveries", delivery) }, await endpointName(endpoint)),
    h("span", { class: "quiet" }, whoName(by), " · ", fullTime(at), reason && `: ${reason}`))]];
}
