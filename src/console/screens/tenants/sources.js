// @ts-check
// Sources: who may send signed webhooks in, by the name of their address.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { tenant } from "../../lib/session.js";
import { button, command, iconButton, pill } from "../../parts/bits.js";
import { ask, openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { refused } from "../../parts/notice.js";

const VERIFIERS = [
  "standard", "sereno", "bird", "bird-jwt", "stripe", "github", "shopify", "slack", "twilio",
  "hmac", "bearer", "basic", "header", "none",
];

/** @param {Record<string, any>} all @param {(change: any) => Promise<void>} save */
export function sources(all, save) {
  const set = (name, change) => save({ sources: { [name]: change } });
  const names = Object.keys(all);
  return [
    names.length > 0 && h("ul", { class: "mini-list" }, names.map((name) => h("li", null,
      h("div", { class: "grow" }, h("span", { class: "strong" }, name),
        h("span", { class: "quiet" }, ` · ${all[name].verifier}`)),
      pill(all[name].enabled ? "enabled" : "disabled"),
      button(t(all[name].enabled ? "tenants.source_off" : "tenants.source_on"),
        () => set(name, { enabled: !all[name].enabled }).catch(refused), { kind: "small" }),
      iconButton("edit", t("common.edit"), () => edit(name, all[name], set),
        { kind: "plain small" }),
      iconButton("trash", t("common.delete"), async () => {
        const sure = await ask({
          title: t("tenants.source_remove"), text: t("tenants.source_remove_ask", { name }),
          yes: t("common.delete"), danger: true,
        });
        if (sure) await set(name, null).catch(refused);
      }, { kind: "plain small" })))),
    h("div", null, button(t("tenants.source_add"), () => add(set),
      { symbol: "plus", kind: "small" })),
  ];
}

function add(set) {
  const dialog = openDialog({ title: t("tenants.source_add"), body: null });
  dialog.show([makeForm({
    fields: [
      field({ name: "name", label: t("tenants.source_name"), placeholder: "shop", required: true }),
      field({
        name: "verifier", label: t("tenants.source_verifier"), type: "select",
        choices: /** @type {any} */ (VERIFIERS.map((name) => [name, name])),
      }),
      field({ name: "secret", label: t("tenants.source_secret"), type: "password",
        autocomplete: "new-password" }),
    ],
    yes: t("common.save"), cancel: dialog.close,
    submit: async ({ name, verifier, secret }) => {
      await rename(set(name ?? "", { verifier, ...(secret ? { secret } : {}) }), name);
      dialog.close();
    },
  }), command(`POST ${location.origin}/webhooks/in/${tenant()}/…`)]);
}

/** Everything of one, as JSON; its secret is written anew or left as it is. */
function edit(name, now, set) {
  const dialog = openDialog({ title: name, body: null });
  dialog.show(makeForm({
    fields: [
      field({ name: "json", label: t("tenants.source_json"), type: "area", rows: 12, class: "code",
        value: JSON.stringify(now, null, 2) }),
      field({ name: "secret", label: t("tenants.source_secret"), type: "password",
        placeholder: t("tenants.secret_kept"), autocomplete: "new-password" }),
    ],
    yes: t("common.save"), cancel: dialog.close,
    submit: async ({ json, secret }) => {
      let value;
      try {
        value = JSON.parse(json ?? "{}");
      } catch (error) {
        throw Object.assign(new Error(t("tenants.not_json",
          { why: /** @type {Error} */ (error).message })), { field: "json" });
      }
      // What was taken out of the text is taken back.
      const gone = Object.fromEntries(Object.keys(now).filter((key) => !(key in value))
        .map((key) => [key, null]));
      await rename(set(name, { ...gone, ...value, ...(secret ? { secret } : {}) }), name, "json");
      dialog.close();
    },
  }));
}

/** What the server says of `sources.<name>.<field>` belongs to the field of this form. */
async function rename(saved, name, whole = "name") {
  try {
    await saved;
  } catch (error) {
    const said = /** @type {any} */ (error);
    const field = said.field?.replace(`sources.${name}.`, "").replace(/^sources.*/, whole);
    throw Object.assign(said, { field: whole === "json" && field !== "secret" ? "json" : field });
  }
}
