// @ts-check
// Personal data comes masked; one button per item asks for it in the clear, which the server writes
// down.

import { t } from "../lib/i18n.js";
import { current, may } from "../lib/session.js";
import { button } from "./bits.js";

/** @param {() => void} show */
export function revealButton(show) {
  if (!current()?.masked || !may("operator")) return null;
  return button(t("common.reveal"), show, {
    symbol: "eye", kind: "plain", title: t("common.reveal_note"),
  });
}
