// @ts-check
// The drawer at the side of a list: one item in full, while the list stays where it is.

import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { icon } from "../lib/icons.js";
import { iconButton } from "./bits.js";

/** @type {{element: any, body: any, closed: () => void, before: Element|null}|null} */
let drawer = null;

/**
 * Opens the drawer, or shows something else in the one that is open.
 * @param {{title: any, href?: string, closed: () => void}} what
 * @returns {HTMLElement} the box to fill
 */
export function openDrawer({ title, href, closed }) {
  const head = h("div", { class: "drawer-head" },
    h("h2", null, title),
    href && h("a", {
      class: "button plain icon-only", href, title: t("common.open_page"),
      "aria-label": t("common.open_page"),
    }, icon("open")),
    iconButton("cross", t("common.close"), closed));
  const body = h("div", { class: "drawer-body", tabindex: -1 });
  if (drawer) {
    drawer.closed = closed;
    drawer.body = body;
    put(drawer.element, head, body);
  } else {
    const element = h("aside", { class: "drawer", "aria-label": t("common.detail") }, head, body);
    drawer = { element, body, closed, before: document.activeElement };
    document.body.append(element);
  }
  body.focus({ preventScroll: true });
  return body;
}

/** Closes it, and gives the focus back to where it was. */
export function closeDrawer() {
  if (!drawer) return;
  const { element, before } = drawer;
  drawer = null;
  element.remove();
  if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
}
