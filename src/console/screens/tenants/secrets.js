// @ts-check
// Named secrets that headers and credentials of endpoints may ask for: shown as names alone.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { iconButton, tag } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { refused } from "../../parts/notice.js";

/** @param {string[]} names @param {(change: any) => Promise<void>} save */
export function secretNames(names, save) {
  const forget = async (name) => {
    const sure = await ask({
      title: t("tenants.secret_forget"), text: t("tenants.secret_forget_ask", { name }),
      yes: t("tenants.secret_forget"),
      danger: true,
    });
    if (sure) await save({ secrets: { [name]: null } }).catch(refused);
  };
  return [
    names.length > 0 && h("ul", { class: "mini-list" }, names.map((name) => h("li", null,
      h("span", { class: "grow" }, tag(`\${${name}}`)),
      iconButton("trash", t("tenants.secret_forget"), () => forget(name),
        { kind: "plain small" })))),
    makeForm({
      fields: h("div", { class: "form-grid" },
        field({ name: "secrets", label: t("tenants.secret_name"), placeholder: "CRM_TOKEN",
          required: true }),
        field({ name: "value", label: t("tenants.secret_value"), type: "password",
          autocomplete: "new-password" })),
      yes: t("tenants.secret_add"),
      submit: ({ secrets: name, value }) => save({ secrets: { [name ?? ""]: value ?? "" } }),
    }),
  ];
}
