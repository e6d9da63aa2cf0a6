// @ts-check
// One-time links: whoever opens one is signed in without a key, for the portal of a customer or a
// colleague.

import { call } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { whole } from "../../lib/time.js";
import { hint } from "../../parts/bits.js";
import { field, makeForm } from "../../parts/form.js";
import { showOnce } from "../../parts/once.js";
import { SCREENS } from "../catalogue.js";
import { ROLES } from "./keys.js";

const LENGTHS = ["15m", "1h", "24h", "7d"];

/** @param {string} tenant */
export function linkForm(tenant) {
  return h("div", { class: "stack" }, hint(t("tenants.links_text"), "", "link"), makeForm({
    fields: h("div", { class: "form-grid" },
      field({
        name: "role", label: t("tenants.key_role"), type: "select", value: "viewer",
        choices: ROLES.map((role) =>
          [role, `${t(`common.role.${role}`)}: ${t(`tenants.role_${role}`)}`]),
      }),
      field({
        name: "expires_in", label: t("tenants.link_lasts"), type: "select", value: "1h",
        choices: LENGTHS.map((name) => [name, t(`tenants.lasts_${name}`)]),
      }),
      field({
        name: "next", label: t("tenants.link_next"), type: "select", value: "deliveries",
        choices: SCREENS.filter(({ portal }) => portal)
          .map(({ name }) => [name, word(`common.screen.${name}`)]),
      }),
      field({ name: "portal", label: t("tenants.link_portal"), hint: t("tenants.link_portal_hint"),
        type: "check", value: true })),
    yes: t("tenants.link_make"),
    submit: async ({ role, expires_in, next, portal }) => {
      const body = { role, expires_in, next: address(next ?? "deliveries"), portal };
      const { link } = await make(tenant, body);
      const url = new URL(link.url, location.origin).href;
      await showOnce({
        title: t("tenants.link_title"),
        text: t("tenants.link_once", { until: whole(link.expires_at) }),
        secret: url,
        kept: t("tenants.link_kept"),
        shell: portal
          ? `<iframe src="${url}" title="Sereno" allow="clipboard-write"></iframe>` : undefined,
      });
    },
  }));
}

/** Asks for a link of that tenant, which need not be the one that is looked at. */
function make(tenant, body) {
  return call("POST", "/api/v1/admin/links", { body, tenant });
}
