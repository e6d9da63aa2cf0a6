// @ts-check
// A tenant's keys: which there are, a new one, which is shown this once, and revoking one.

import { get, post, remove } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { icon } from "../../lib/icons.js";
import { t } from "../../lib/i18n.js";
import { time } from "../../lib/time.js";
import { button, pill } from "../../parts/bits.js";
import { ask, openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { showOnce } from "../../parts/once.js";
import { fillWith } from "../../parts/states.js";

export const ROLES = ["viewer", "operator", "admin"];

/** @param {string} tenant */
export function keys(tenant) {
  const path = `/api/v1/admin/tenants/${encodeURIComponent(tenant)}/keys`;
  const box = h("div", { class: "stack-small" });
  const show = () => fillWith(box, () => get(path), ({ items }) => [
    h("div", { class: "row" }, h("p", { class: "quiet grow" }, t("tenants.keys_text")),
      button(t("tenants.key_new"), () => create(path, items, show),
        { symbol: "plus", kind: "small" })),
    items.length === 0 ? h("p", { class: "quiet" }, t("tenants.no_keys"))
      : h("ul", { class: "mini-list" }, items.map((key) => row(key, path, show))),
  ]);
  show();
  return box;
}

function row(key, path, show) {
  const revoke = async () => {
    const sure = await ask({
      title: t("tenants.key_revoke"), text: t("tenants.key_revoke_ask", { name: key.name }),
      yes: t("tenants.key_revoke"), danger: true,
    });
    if (!sure) return;
    await remove(`${path}/${encodeURIComponent(key.id)}`).then(() => {
      notice(t("tenants.key_revoked"), "good");
      show();
    }, refused);
  };
  return h("li", null, icon("keys"),
    h("div", { class: "grow" }, h("span", { class: "strong" }, key.name),
      h("span", { class: "quiet" }, ` · ${key.id}`)),
    key.role && pill("info", { text: t(`common.role.${key.role}`) }),
    h("span", { class: "quiet" }, time(key.last_used_at ?? key.created_at)),
    button(t("tenants.key_revoke"), revoke, { kind: "small danger" }));
}

function create(path, items, show) {
  const dialog = openDialog({ title: t("tenants.key_new"), body: null });
  // A server that knows no roles shows none, and would refuse one.
  const knowsRoles = items.some(({ role }) => role !== undefined);
  dialog.show(makeForm({
    fields: [
      field({ name: "name", label: t("tenants.key_name"), hint: t("tenants.key_name_hint"),
        placeholder: "point of sale" }),
      knowsRoles && field({
        name: "role", label: t("tenants.key_role"), type: "select", value: "operator",
        choices: ROLES.map((role) =>
          [role, `${t(`common.role.${role}`)}: ${t(`tenants.role_${role}`)}`]),
      }),
    ],
    yes: t("tenants.key_make"), cancel: dialog.close,
    submit: async ({ name, role }) => {
      const made = await post(path, { ...(name ? { name } : {}), ...(role ? { role } : {}) });
      dialog.close();
      show();
      await showOnce({
        title: t("tenants.key_title", { name: made.name }), text: t("tenants.key_once"),
        secret: made.api_key,
        shell: `export SERENO_API_KEY='${made.api_key}'`, kept: t("tenants.key_kept"),
      });
    },
  }));
}
