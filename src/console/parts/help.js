// @ts-check
// The help: all keys that do something here.

import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { bound } from "../lib/keyboard.js";
import { openDialog } from "./dialog.js";

/** Opens it. */
export function help() {
  const keys = bound().filter(({ says }) => says);
  const shown = (key) => key.split(" ").map((part) =>
    h("kbd", null, part === "Escape" ? "Esc" : part));
  openDialog({
    title: t("common.keys"),
    body: h("div", { class: "help-keys" }, keys.map(({ key, says }) => [
      h("span", { class: "row" }, shown(key)), h("span", null, t(says)),
    ]), h("span", null, h("kbd", null, "Enter")), h("span", null, t("common.key.open"))),
  });
}
