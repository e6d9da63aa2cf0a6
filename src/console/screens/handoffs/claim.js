// @ts-check
// Who takes a handoff: under the name that this browser's person gave last. Before they gave one they are asked,
// since what their session is called may be what several people's are.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { current } from "../../lib/session.js";
import { keep, kept } from "../../lib/storage.js";
import { askFor } from "../../parts/asking.js";
import { ask } from "../../parts/dialog.js";
import { field } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { reasonField } from "../../parts/reason.js";

/** As many letters as the API takes. */
export const NAME_MAX = 100;

/** The name under which this browser's person takes something; empty until they gave one. */
export function myName() {
  return String(kept("name", ""));
}

/** Whose handoffs are mine: until I gave a name, those of what my session is called. */
export function whoIAm() {
  return myName() || String(current()?.name ?? "");
}

/** Asks who takes it, and takes it. @param {string} path @param {() => void} done */
export function claim(path, done) {
  askName(async (by) => {
    await post(`${path}/actions`, { action: "claim", by });
    return () => {
      notice(t("handoffs.done_claim"), "good");
      done();
    };
  });
}

/** Asks who takes them, and goes on with that. @param {() => void} next */
export function claimSeveral(next) {
  askName(async () => next);
}

/**
 * Asks for a name, which is kept once something was done under it.
 * @param {(by: string) => Promise<() => void>} act what is done, and what comes when the dialog is closed
 */
function askName(act) {
  askFor({
    title: t("handoffs.claim"),
    fields: field({
      name: "by", label: t("handoffs.claim_name"), hint: t("handoffs.claim_hint"),
      value: myName(), maxlength: NAME_MAX, autocomplete: "name", required: true,
    }),
    act: async ({ by = "" }) => {
      const next = await act(by);
      keep("name", by);
      return next;
    },
  });
}

/** Leaves it to the others; why may be said. @param {string} path @param {() => void} done */
export async function release(path, done) {
  const reason = reasonField();
  const sure = await ask({ title: t("handoffs.release"), text: t("handoffs.ask_release"),
    yes: t("handoffs.release"), more: reason.element });
  if (!sure) return;
  try {
    await post(`${path}/actions`, { action: "release", ...reason.said() });
    notice(t("handoffs.done_release"), "good");
    done();
  } catch (error) {
    refused(error);
  }
}
