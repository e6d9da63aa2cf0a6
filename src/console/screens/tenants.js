// @ts-check
// Tenants: businesses that share this server without seeing each other, with their settings and
// keys.

import { get, post } from "../lib/api.js";
import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { address, go } from "../lib/router.js";
import { mayChooseTenant, tenant } from "../lib/session.js";
import { time } from "../lib/time.js";
import { button, hint, pill, twoLines } from "../parts/bits.js";
import { openDialog } from "../parts/dialog.js";
import { field, makeForm } from "../parts/form.js";
import { list } from "../parts/list.js";
import { showOnce } from "../parts/once.js";
import { back, head } from "../parts/page.js";
import { empty } from "../parts/states.js";
import { page, summary } from "./tenants/detail.js";

const PATH = "/api/v1/admin/tenants";

/** @param {any} view */
function show(view) {
  view.title(view.id ?? t("common.screen.tenants"));
  // An admin of one tenant has that one alone.
  if (!mayChooseTenant()) return page(view.id ?? tenant(), view);
  if (view.id !== null) return [back("tenants"), page(view.id, view)];
  const going = h("div");
  const made = list(view, {
    screen: "tenants", label: t("common.screen.tenants"), path: PATH, query: () => ({}),
    load: async (asked, signal) => {
      const answer = await get(PATH, { ...asked, limit: 100 }, signal);
      const names = answer.deleting ?? [];
      put(going, names.length > 0 && hint(t("tenants.deleting", { names: names.join(", ") })));
      return answer;
    },
    id: (item) => item.id, columns: columns(), detail: summary, name: (id) => id,
    empty: () => empty({ symbol: "tenants", title: t("tenants.empty"),
      text: t("tenants.empty_text") }),
  });
  const add = button(t("tenants.create"), () => create(made.refresh),
    { symbol: "plus", kind: "main" });
  return [head({ title: t("common.screen.tenants"), lead: t("tenants.lead"), actions: add }),
    going, made];
}

/** @returns {import("../parts/table.js").Column[]} */
function columns() {
  return [
    {
      label: t("tenants.name"), link: true, class: "cut",
      cell: (item) => twoLines(item.name, item.id),
    },
    {
      label: t("tenants.here"), class: "is-tight", phone: "top",
      cell: (item) => item.id === tenant() && pill("info", { text: t("tenants.looked_at") }),
    },
    { label: t("tenants.zone"), class: "is-tight", phone: "wide",
      cell: ({ settings: said }) => twoLines(said.timezone, t(`common.language_${said.locale}`)) },
    {
      label: t("tenants.channels"), class: "cut", phone: "wide",
      cell: ({ settings: said }) => h("span", { class: "row-tags" },
        said.whatsapp?.phone_number_id && pill("ok", { text: "WhatsApp" }),
        said.smtp?.host && pill("ok", { text: t("common.channel.email") }),
        !said.whatsapp?.phone_number_id && !said.smtp?.host
          && h("span", { class: "quiet" }, t("tenants.no_channels"))),
    },
    { label: t("tenants.created"), class: "is-tight", phone: "foot",
      cell: (item) => time(item.created_at, "both") },
  ];
}

/** A new tenant; its first key is shown this once. */
function create(done) {
  const dialog = openDialog({ title: t("tenants.create"), body: null });
  const zones = h("datalist", { id: "zones" },
    Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })));
  dialog.show(makeForm({
    fields: [
      field({ name: "id", label: t("tenants.id"), hint: t("tenants.id_hint"),
        placeholder: "la-trattoria", required: true }),
      field({ name: "name", label: t("tenants.name"), placeholder: "La Trattoria" }),
      field({
        name: "settings.timezone", label: t("tenants.set.timezone"), list: "zones",
        value: Intl.DateTimeFormat().resolvedOptions().timeZone,
      }), zones,
      field({
        name: "settings.locale", label: t("tenants.set.locale"), type: "select",
        value: document.documentElement.lang,
        choices: ["es", "en", "pt"].map((name) => [name, t(`common.language_${name}`)]),
      }),
    ],
    yes: t("tenants.create_yes"), cancel: dialog.close,
    submit: async (said) => {
      const settings = { timezone: said["settings.timezone"], locale: said["settings.locale"] };
      const made = await post(PATH,
        { id: said.id ?? "", ...(said.name ? { name: said.name } : {}), settings });
      dialog.close();
      done();
      await showOnce({
        title: t("tenants.created_title", { id: made.id }), text: t("tenants.key_once"),
        secret: made.api_key,
        kept: t("tenants.key_kept"),
      });
      go(address("tenants", made.id));
    },
  }));
}

export default { words: ["tenants"], show };
