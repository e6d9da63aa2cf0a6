// @ts-check
// A handoff is answered, which stops its clock, or closed, which ends it.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { ask } from "../../parts/dialog.js";
import { notice, refused } from "../../parts/notice.js";

/** @param {"reply"|"close"} action @param {string} path @param {() => void} done */
export async function act(action, path, done) {
  const sure = action === "reply" || await ask({
    title: t("handoffs.close"), text: t("handoffs.ask_close"), yes: t("handoffs.close"),
  });
  if (!sure) return;
  try {
    await post(`${path}/actions`, { action });
    notice(t(`handoffs.done_${action}`), "good");
    done();
  } catch (error) {
    refused(error);
  }
}
