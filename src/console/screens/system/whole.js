// @ts-check
// How the whole server is, for its admin: since when it runs, its clock, how its store grows, what is
// late, the settings in effect, and all of it as a file for whoever helps.

import { get } from "../../lib/api.js";
import { h } from "../../lib/dom.js";
import { bytes, number, t } from "../../lib/i18n.js";
import { duration, fullTime } from "../../lib/time.js";
import { button, facts, hint, pill } from "../../parts/bits.js";
import { save } from "../../parts/export.js";

/** @param {AbortSignal} signal */
export const ask = (signal) => get("/api/v1/admin/system", {}, signal);

/** @param {any} system as the API tells it */
export function whole(system) {
  const { clock, store, timers, partitions, configuration } = system;
  return [
    h("div", { class: "row card-head" }, h("p", { class: "quiet grow" }, t("system.whole_text")),
      button(t("system.bundle"), () => keepAsFile(system), { symbol: "download" })),
    facts([
      [t("system.started"), [fullTime(system.started_at), " ", h("span", { class: "quiet" },
        system.system)]],
      [t("system.clock"), [pill(clock.verdict === "pass" ? "ok" : "failed"), " ",
        fullTime(clock.now)]],
      [t("system.last_recorded"), clock.last_recorded_at && fullTime(clock.last_recorded_at)],
      [t("system.growth"), `${store.grown_bytes < 0 ? "−" : "+"}${
        bytes(Math.abs(store.grown_bytes))}`],
      [t("system.late"), timers.late === 0 ? t("system.none_late") : t("system.some_late",
        { count: counted(timers.late, system), time: duration(timers.latest_ms) })],
      [t("system.backlog"), system.backlog.deliveries === 0 ? "0" : t("system.waiting",
        { count: counted(system.backlog.deliveries, system),
          time: duration(system.backlog.oldest_ms) })],
      [t("system.sync"), system.journal_sync_us.count > 0 && t("system.half_and_most", {
        half: duration(system.journal_sync_us.p50 / 1_000),
        most: duration(system.journal_sync_us.p99 / 1_000) })],
      [t("system.partitions"), t("system.held", { held: partitions.held, of: partitions.of })],
    ]),
    clock.verdict !== "pass" && hint(clock.detail, "bad", "alerts"),
    h("details", { class: "further-list" },
      h("summary", null, t("system.configuration", { count: configuration.length })),
      h("p", { class: "quiet" }, t("system.configuration_text")),
      facts(configuration.map(setting))),
  ];
}

/** A count that stops somewhere says so. */
function counted(count, { counted_up_to: most }) {
  return number(count) + (count >= most ? "+" : "");
}

function setting({ name, value, is_default: isDefault }) {
  const said = value === null || value === "" || (Array.isArray(value) && value.length === 0)
    ? t("system.unset") : value === "set" ? t("system.set")
      : Array.isArray(value) ? value.join(", ") : String(value);
  return [h("span", { class: "code" }, name), isDefault
    ? h("span", { class: "quiet" }, said) : [h("span", { class: "strong" }, said), " ",
      h("span", { class: "quiet" }, t("system.changed"))]];
}

/** The answer without the folders, which may be called after a person; it holds no secret. */
function keepAsFile({ ok: _, configuration, ...system }) {
  const day = system.clock.now.slice(0, 10);
  const file = { ...system, configuration: configuration.map(withoutFolder) };
  save(`sereno-support-${day}.json`, `${JSON.stringify(file, null, 2)}\n`, "application/json");
}

/** Of a path only its end. */
function withoutFolder(one) {
  const isPath = typeof one.value === "string" && /^(\/|[A-Za-z]:\\)/.test(one.value);
  return isPath ? { ...one, value: `…/${one.value.split(/[/\\]/).filter(Boolean).at(-1) ?? ""}` } : one;
}
