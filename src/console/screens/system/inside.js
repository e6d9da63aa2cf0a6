// @ts-check
// Inside the server: its store, its backlog, how long the disk takes, and the room for work that is
// under way.

import { bytes, number, t, word } from "../../lib/i18n.js";
import { by, histogram, metrics, one } from "../../lib/metrics.js";
import { duration } from "../../lib/time.js";
import { facts } from "../../parts/bits.js";

export { metrics as measure };

/** @param {import("../../lib/metrics.js").Sample[]} all */
export function inside(all) {
  const parts = by(all, "sereno_store_bytes", "part");
  const queued = one(all, "sereno_queue_deliveries") ?? 0;
  const waits = one(all, "sereno_queue_oldest_seconds") ?? 0;
  const rooms = by(all, "sereno_credits", "kind").map(([kind, room]) =>
    `${word(`system.room_${kind}`)} ${number(one(all, "sereno_credits_in_use", { kind }) ?? 0)} / `
      + number(room));
  return facts([
    [t("system.backlog"), queued === 0 ? "0"
      : t("system.waiting", { count: counted(queued), time: duration(waits * 1_000) })],
    [t("system.timers"), counted(one(all, "sereno_timers_pending") ?? 0)],
    [t("system.timer_lateness"), spread(histogram(all, "sereno_timer_lateness_seconds"))],
    [t("system.sync"), spread(histogram(all, "sereno_journal_sync_seconds"))],
    [t("system.store"), parts.map(([part, size]) =>
      `${word(`system.store_${part}`)} ${bytes(size)}`).join(" · ")],
    [t("system.disk_free"), sized(one(all, "sereno_disk_free_bytes"))],
    [t("system.rooms"), rooms.join(" · ")],
    [t("system.actors"), by(all, "sereno_actors", "kind").map(([kind, count]) =>
      `${word(`system.actors_${kind}`)} ${number(count)}`).join(" · ")],
  ]);
}

/** So far and no further the server counts what waits. */
const COUNTED_MAX = 20_000;

const counted = (count) => count >= COUNTED_MAX ? `≥ ${number(COUNTED_MAX)}` : number(count);

const sized = (count) => count === null ? null : bytes(count);

function spread(of) {
  if (of === null) return null;
  const mean = t("system.mean", { time: duration(of.mean) });
  return of.p99 === null ? mean : `${mean} · ${t("system.p99", { time: duration(of.p99) })}`;
}
