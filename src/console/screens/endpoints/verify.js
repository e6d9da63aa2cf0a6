// @ts-check
// How a receiver verifies that a webhook is Sereno's: a few lines for each of the usual languages.

import { h, put } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { command } from "../../parts/bits.js";
import { SNIPPETS } from "./snippets.js";

/** @param {any} endpoint */
export function verification(endpoint) {
  if (endpoint.kind !== "webhook" || endpoint.signature !== "standard" || !endpoint.has_secret) return null;
  const shown = h("div");
  const names = Object.keys(SNIPPETS);
  const choose = (name) => {
    put(shown, command(SNIPPETS[name]));
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.textContent === name));
  };
  const tabs = h("div", { class: "row" }, names.map((name) => h("button", {
    type: "button", class: "button small", onclick: () => choose(name),
  }, name)));
  choose(names[0]);
  return h("details", null, h("summary", null, t("endpoints.verify")),
    h("div", { class: "stack-small further" },
      h("p", { class: "quiet" }, t("endpoints.verify_text")), tabs, shown));
}
