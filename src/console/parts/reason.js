// @ts-check
// Why somebody does what they do: asked for wherever much is done at once, or something is thrown
// away, and never demanded. It stands in the audit log.

import { t } from "../lib/i18n.js";
import { field } from "./form.js";

/** Letters of a reason: the server counts bytes, of which one may take several. */
const CHARS_MAX = 240;

/** The field, and what stands in it as a part of a body. */
export function reasonField() {
  const element = field({ name: "reason", label: t("common.reason"), hint: t("common.reason_hint"),
    maxlength: CHARS_MAX });
  const input = /** @type {HTMLInputElement} */ (element.querySelector("input"));
  const said = () => {
    const text = input.value.trim();
    return text === "" ? {} : { reason: text };
  };
  return { element, said };
}
