// @ts-check
// Another try of a delivery, and what the server says of it: what is held is not tried, whoever asks.

import { post } from "../../lib/api.js";
import { t } from "../../lib/i18n.js";
import { notice } from "../../parts/notice.js";

/** As these it still waits, so that it can be cancelled. */
const WAITS = ["pending", "retrying", "held"];

/** Whether what stands so can be cancelled. @param {string|null} status */
export const mayCancel = (status) => WAITS.includes(status ?? "");

/** As these nothing comes of another try. */
const STAYS = ["cancelled", "held"];

/** Whether another try may be offered for what stands so. @param {string|null} status */
export const mayRetry = (status) => !STAYS.includes(status ?? "");

/**
 * Asks the server for it, and tells what came of that. Answers whether it is tried.
 * @param {string} path of the delivery or the dead letter @param {string} done what is told where it is
 */
export async function tryAgain(path, done) {
  const { status } = await post(`${path}/retry`);
  notice(status === "held" ? t("deliveries.retry_held") : done, status === "held" ? "" : "good");
  return status !== "held";
}
