// @ts-check
// What is shown this once and never again: a key, a link.

import { h } from "../lib/dom.js";
import { button, command, copyButton, hint } from "./bits.js";
import { openDialog } from "./dialog.js";

/**
 * @param {{title: string, text: string, secret: string, shell?: string, kept: string}} what
 * @returns {Promise<void>} when it was put away
 */
export function showOnce({ title, text, secret, shell, kept }) {
  return new Promise((resolve) => {
    const dialog = openDialog({
      title,
      body: [hint(text, "", "keys"),
        h("div", { class: "secret row" }, h("span", { class: "code grow" }, secret),
          copyButton(secret)),
        shell && command(shell)],
      foot: button(kept, () => dialog.close(), { kind: "main" }),
      closed: resolve,
    });
  });
}
