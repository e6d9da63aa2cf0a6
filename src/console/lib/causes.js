// @ts-check
// Causes of failure in the reader's words, as far as they are known; others as the server says
// them.

import { has, t } from "./i18n.js";

/** @param {string} cause a status, or a few words */
export function causeName(cause) {
  if (/^\d{3}$/.test(cause)) {
    const key = [`common.http.${cause}`, `common.http.${cause[0]}xx`].find(has);
    return key ? `HTTP ${cause} · ${t(key)}` : `HTTP ${cause}`;
  }
  if (cause === "no connection") return t("common.cause.no_connection");
  const waited = cause.match(/^no answer within (.+)$/);
  return waited ? t("common.cause.no_answer", { time: waited[1] }) : cause;
}
