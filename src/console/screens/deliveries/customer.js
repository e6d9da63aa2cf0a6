// @ts-check
// To whom a message went: as far as its event says it, masked as everything else.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";

/** In a row: who, and for what. @param {any} item */
export function customerOf(item) {
  const { name, reservation_id: booking, conversation_id: talk, wa_number_hash: hash }
    = item.customer ?? {};
  return [name, booking ?? talk ?? hash].filter(Boolean).join(" · ") || t("common.customers");
}

/** In the detail: each with the way to it. */
export function customerFacts({ customer }) {
  if (!customer) return [];
  const { name, reservation_id: booking, conversation_id: talk, wa_number_hash: hash } = customer;
  return [
    [t("deliveries.customer"), name],
    [t("deliveries.booking"), booking && h("a", { href: address("reservations", booking) }, booking)],
    [t("deliveries.conversation"), talk && h("a", { href: address("conversations", talk) }, talk)],
    [t("deliveries.number"), hash && h("span", { class: "code" }, hash)],
  ];
}
