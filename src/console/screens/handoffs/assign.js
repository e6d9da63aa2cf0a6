// @ts-check
// A handoff is given to somebody by name; where another has it, the server is told from whom, and refuses what is
// no longer so.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { askFor } from "../../parts/asking.js";
import { field } from "../../parts/form.js";
import { notice } from "../../parts/notice.js";
import { NAME_MAX } from "./claim.js";

/** What is sent to give it to somebody. @param {any} item @param {string} to */
export function giving({ claimed_by: from }, to) {
  return { action: "assign", to, ...(from !== null && { from }) };
}

/** @param {any} item @param {string} path @param {() => void} done */
export function assign(item, path, done) {
  ask(item.claimed_by === null ? null : t("handoffs.assign_from", { name: item.claimed_by }),
    async (to) => {
      await post(`${path}/actions`, giving(item, to));
      return () => {
        notice(t("handoffs.done_assign", { name: to }), "good");
        done();
      };
    });
}

/** Asks to whom, and goes on with that. @param {(to: string) => void} next */
export function assignSeveral(next) {
  ask(null, async (to) => () => next(to));
}

/** @param {string|null} note @param {(to: string) => Promise<() => void>} act */
function ask(note, act) {
  askFor({
    title: t("handoffs.assign"),
    fields: field({
      name: "to", label: t("handoffs.assign_to"), hint: note ?? t("handoffs.assign_hint"),
      maxlength: NAME_MAX, required: true,
    }),
    act: ({ to = "" }) => act(to),
  });
}
