// @ts-check
// The head of a page, and the two faces of most screens: a list, or one of its items on its own
// page.

import { h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { t } from "../lib/i18n.js";
import { address } from "../lib/router.js";
import { list } from "./list.js";

/** @param {{title: any, lead?: any, actions?: any}} what */
export function head({ title, lead, actions }) {
  return h("header", { class: "page-head" },
    h("div", null, h("h1", null, title), lead && h("p", null, lead)),
    actions && h("div", { class: "actions" }, actions));
}

/** The way back from an item's page to its list. */
export function back(screen) {
  return h("a", { class: "page-back", href: address(screen) }, icon("left"),
    t(`common.screen.${screen}`));
}

/**
 * The list, or with an id in the path that item alone.
 * @param {any} view
 * @param {{lead?: string, actions?: any, spec: import("./list.js").Spec, above?: any}} what
 */
export function listOrItem(view, { lead, actions, spec, above }) {
  const title = t(`common.screen.${spec.screen}`);
  view.title(view.id ?? title);
  if (view.id === null) {
    const made = list(view, spec);
    return [head({ title, lead, actions: typeof actions === "function" ? actions(made) : actions }),
      above, made];
  }
  const box = h("div", null);
  // There is no list beside it that would have to be looked up anew.
  spec.detail(view.id, box, () => {});
  return [back(spec.screen), box];
}
