// @ts-check
// A person takes a conversation over from whoever answers by itself, under their own name, and gives it back.

import { get, post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { keep } from "../../lib/storage.js";
import { askFor } from "../../parts/asking.js";
import { pill } from "../../parts/bits.js";
import { ask } from "../../parts/dialog.js";
import { field } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { NAME_MAX, myName } from "../handoffs/claim.js";

/** Who answers: a bot, or a person and who. @param {any} talk */
export function holder({ held_by: by }) {
  return by === null ? pill("info", { text: t("conversations.bot") })
    : pill("running", { text: t("conversations.human", { name: by }), title: by });
}

/** @param {string} path @param {() => void} done @param {string | null} from who holds it, if somebody does */
export function takeOver(path, done, from) {
  askFor({
    title: from === null ? t("conversations.take_over") : t("conversations.take_over_from", { name: from }),
    fields: field({
      name: "by", label: t("conversations.take_over_by"), hint: t("conversations.take_over_hint"),
      value: myName(), maxlength: NAME_MAX, autocomplete: "name", required: true,
    }),
    act: async ({ by }) => {
      try {
        await post(`${path}/actions`, { action: "take_over", by, ...(from !== null && { from }) });
      } catch (error) {
        const now = error.status === 409 ? await get(path) : null;
        if (!now || now.status !== "open") throw error;
        const has = now.held_by ?? await claimant(now);
        // In another window it is mine already.
        if (now.held_by !== by) {
          if (has === from) throw error;
          // Somebody was faster, or has its handoff: whose it is now is asked anew.
          keep("name", by);
          return () => {
            notice(has === null ? t("conversations.raced_free") : t("conversations.raced", { name: has }), "bad");
            done();
            takeOver(path, done, has);
          };
        }
      }
      keep("name", by);
      return () => {
        notice(t("conversations.taken_over"), "good");
        done();
      };
    },
  });
}

/** Who has the handoff of a conversation, unless that is closed. @param {any} talk */
async function claimant({ conversation_id: id, escalated }) {
  if (!escalated) return null;
  const found = await get(`/api/v1/handoffs/${encodeURIComponent(id)}`);
  return found.status === "closed" ? null : found.claimed_by;
}

/** @param {string} path @param {() => void} done */
export async function giveBack(path, done) {
  const sure = await ask({ title: t("conversations.give_back"), text: t("conversations.ask_give_back"),
    yes: t("conversations.give_back") });
  if (!sure) return;
  try {
    await post(`${path}/actions`, { action: "give_back" });
    notice(t("conversations.given_back"), "good");
    done();
  } catch (error) {
    refused(error);
  }
}
