// @ts-check
// A secret is shown once, here, and never again.

import { h } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { button, command, copyButton, hint } from "../../parts/bits.js";
import { openDialog } from "../../parts/dialog.js";

/** @param {string} secret @param {string} title @returns {Promise<void>} when it was put away */
export function showSecret(secret, title) {
  return new Promise((resolve) => {
    const dialog = openDialog({
      title,
      body: [
        hint(t("endpoints.secret_once"), "", "keys"),
        h("div", { class: "secret row" },
          h("span", { class: "code grow" }, secret), copyButton(secret)),
        h("p", { class: "quiet" }, t("endpoints.secret_try")),
        command(`sereno listen --secret '${secret}'`),
      ],
      foot: button(t("endpoints.secret_kept"), () => dialog.close(), { kind: "main" }),
      closed: resolve,
    });
  });
}
