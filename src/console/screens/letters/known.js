// @ts-check
// Causes of dead letters of which somebody has taken note: they go behind the others until something new comes.

import { post, remove } from "../../lib/api.js";
import { causeName } from "../../lib/causes.js";
import { t } from "../../lib/i18n.js";
import { may } from "../../lib/session.js";
import { button, whoName } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";
import { reasonField } from "../../parts/reason.js";

/** Whether somebody has taken note of a cause, and nothing new has come to it since. */
export const isKnown = ({ acknowledged }) => acknowledged?.holds === true;

/** Who has, and why. @param {any} known */
export function knownBy(known) {
  return [t("overview.known_by", { who: whoName(known.by) }), known.reason && `: ${known.reason}`];
}

/** Takes note of a cause, or takes that back. @param {any} group @param {() => void} changed */
export function knownButton(group, changed) {
  const { cause, fault } = group;
  const isOld = isKnown(group);
  return may("operator") && button(t(`overview.${isOld ? "unacknowledge" : "acknowledge"}`),
    () => (isOld ? forget : acknowledge)({ cause, fault }, changed), { kind: "plain small" });
}

const KNOWN = "/api/v1/dead-letters/acknowledge";

/** Asks, then takes note of all that was given up for a cause until now. */
async function acknowledge(group, changed) {
  const reason = reasonField();
  const title = t("overview.acknowledge_one", { cause: causeName(group.cause) });
  const sure = await ask({ title, text: t("overview.acknowledge_ask"), more: reason.element,
    yes: t("overview.acknowledge") });
  if (!sure) return;
  await post(KNOWN, { ...group, ...reason.said() }).then(() => {
    notice(t("overview.acknowledged"), "good");
    changed();
  }, refused);
}

function forget(group, changed) {
  return remove(KNOWN, group).then(() => {
    notice(t("overview.unacknowledged"), "good");
    changed();
  }, refused);
}
