// @ts-check
// Whose clock it is: named wherever the business's and the browser's do not show the same.

import { h, put } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { twoZones } from "../lib/zone.js";

/**
 * A line that says it, empty where there is nothing to say.
 * @param {"common.zones"|"common.zone_of_sentence"} key its words
 * @param {string} kind its class
 */
export function zoneNote(key, kind = "quiet") {
  const line = h("p", { class: kind, hidden: true });
  twoZones().then((zones) => {
    line.hidden = zones === null;
    put(line, zones && t(key, zones));
  }, () => {});
  return line;
}
