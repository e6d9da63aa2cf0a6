// @ts-check
// What is done with a list as a whole: its saved views, a copy for a shell, files, which columns it
// shows.

import { h } from "../lib/dom.js";
import { asCurl } from "../lib/api.js";
import { t } from "../lib/i18n.js";
import { again } from "../lib/router.js";
import { keep, kept } from "../lib/storage.js";
import { button, copy, iconButton } from "./bits.js";
import { csv, save } from "./export.js";
import { savedViews } from "./filters.js";
import { menu } from "./menu.js";

/**
 * @param {import("./list.js").Spec} spec
 * @param {{items: () => any[], params: () => any, reload: () => void}} list
 */
export function tools(spec, { items, params, reload }) {
  const name = `sereno-${spec.screen}`;
  const further = menu({ symbol: "more", label: t("common.further") }, (close) => {
    const item = (text, symbol, action) => button(text, () => {
      close();
      action();
    }, { symbol, kind: "plain" });
    return [
      item(t("common.copy_curl"), "code",
        () => copy(asCurl("GET", spec.path, { query: params() }))),
      item(t("common.rows_as", { form: "CSV" }), "download", () => save(`${name}.csv`, csv(items()), "text/csv")),
      item(t("common.rows_as", { form: "JSON" }), "download",
        () => save(`${name}.json`, JSON.stringify(items(), null, 2), "application/json")),
      columnChoice(spec),
    ];
  });
  return [savedViews(spec.screen), iconButton("retry", t("common.reload"), reload), further];
}

/**
 * The columns that are not hidden in this browser; the one that leads to the item always is shown.
 */
export function shownColumns(spec) {
  const hidden = kept(`columns.${spec.screen}`, []);
  return spec.columns.filter((column) => column.link || !hidden.includes(column.label));
}

function columnChoice(spec) {
  const hidden = kept(`columns.${spec.screen}`, []);
  const box = (label) => h("input", {
    type: "checkbox", checked: !hidden.includes(label), onchange: (event) => {
      const others = hidden.filter((one) => one !== label);
      keep(`columns.${spec.screen}`, event.target.checked ? others : [...others, label]);
      again();
    },
  });
  const choices = spec.columns.filter((column) => !column.link)
    .map(({ label }) => h("label", { class: "check" }, box(label), h("span", null, label)));
  return h("details", { class: "menu-note" }, h("summary", null, t("common.columns")),
    h("div", { class: "stack-small further" }, choices));
}
