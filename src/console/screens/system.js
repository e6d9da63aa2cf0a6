// @ts-check
// The system: whether everything that it needs works, the copy in PostgreSQL, the whole server for its
// admin, and work that is under way.

import { get, post } from "../lib/api.js";
import { h, put } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { number, t, word } from "../lib/i18n.js";
import { may, mayChooseTenant } from "../lib/session.js";
import { duration, time } from "../lib/time.js";
import { button, facts, hint, pill } from "../parts/bits.js";
import { jobView } from "../parts/job.js";
import { notice, refused } from "../parts/notice.js";
import { head } from "../parts/page.js";
import { fillWith } from "../parts/states.js";
import { inside, measure } from "./system/inside.js";
import { ask as askWhole, whole } from "./system/whole.js";

/** How often work that is under way is looked at. */
const PERIOD_MS = 5_000;
/** How often the server's own figures are read anew. */
const INSIDE_MS = 15_000;
/** A server that has not answered by then is not ready. */
const PATIENCE_MS = 15_000;
/** How each verdict looks, the worst first. */
const SYMBOLS = {
  fail: ["bad", "failed"], warn: ["wait", "alerts"], pass: ["good", "check"],
    skip: ["calm", "gone"],
};

/** @param {any} view */
function show(view) {
  view.title(t("common.screen.system"));
  const [health, mirror, within, jobs, checks] = [h("div"), h("div"), h("div"), h("div"),
    h("div", { class: "stack-small" })];
  const lookJobs = () => fillOnce(jobs, () => get("/api/v1/jobs", { limit: 20 }, view.signal),
    jobList(lookJobs));
  fillWith(health, () => about(view.signal), aboutView);
  fillWith(mirror, () => get("/api/v1/mirror", {}, view.signal), mirrorView);
  lookJobs();
  const lookWithin = () => fillOnce(within, () => measure(view.signal), inside);
  lookWithin();
  const server = mayChooseTenant() ? h("div") : null;
  if (server) fillWith(server, () => askWhole(view.signal), whole);
  const timers = [
    setInterval(() => jobs.querySelector(".progress") && lookJobs(), PERIOD_MS),
    setInterval(() => !document.hidden && lookWithin(), INSIDE_MS),
  ];
  view.signal.addEventListener("abort", () => timers.forEach((timer) => clearInterval(timer)));
  put(checks, h("p", { class: "quiet" }, t("system.check_text")));
  return [
    head({ title: t("common.screen.system"), lead: t("system.lead") }),
    h("div", { class: "board" },
      h("section", { class: "card half" }, h("h2", null, t("system.server")), health),
      h("section", { class: "card half" }, h("h2", null, t("system.mirror")), mirror),
      h("section", { class: "card" }, h("h2", null, t("system.inside")),
        h("p", { class: "quiet" }, t("system.inside_text")), h("div", { class: "further" }, within)),
      server && h("section", { class: "card" }, h("h2", null, t("system.whole")), server),
      may("operator") && h("section", { class: "card" },
        h("div", { class: "row card-head" }, h("h2", { class: "grow" }, t("system.check")),
          button(t("system.check_run"), () => check(checks), { symbol: "audit", kind: "main" })),
            checks),
      h("section", { class: "card" }, h("h2", null, t("system.jobs")), jobs)),
  ];
}

/** Fills without bones where something stands already. */
function fillOnce(box, bring, view) {
  if (box.childElementCount === 0) return fillWith(box, bring, view);
  return bring().then((found) => put(box, view(found)), () => {});
}

async function about(signal) {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const readiness = fetch("/readyz", { signal: patience })
    .then((response) => response.ok, () => false);
  const [ready, { info }] = await Promise.all([readiness, get("/openapi.json", {}, signal)]);
  return { ready, version: info.version };
}

function aboutView({ ready, version }) {
  const link = (href, text) => h("a", { href, target: "_blank", rel: "noopener" }, text);
  return facts([
    [t("system.state"), [pill(ready ? "ok" : "failed"), " ",
      t(ready ? "system.ready" : "system.unready")]],
    [t("system.version"), version ?? "–"],
    [t("system.documents"), h("span", { class: "row" }, link("/docs/", t("common.docs")),
      link("/openapi.json", "OpenAPI"), link("/metrics", "Prometheus"))],
  ]);
}

function mirrorView(mirror) {
  if (mirror.state === "off") return h("p", { class: "quiet" }, t("system.mirror_off"));
  const isGood = mirror.state === "current";
  return facts([
    [t("system.state"), pill(isGood ? "ok" : mirror.state === "catching_up" ? "running" : "failed",
      { text: word(`system.mirror_${mirror.state}`) })],
    [t("system.lag"), `${number(mirror.lag_events)} · ${duration(mirror.lag_seconds * 1_000)}`],
    [t("system.mirrored"), number(mirror.mirrored)],
    [t("system.refused"), mirror.refused > 0 && number(mirror.refused)],
    [t("system.error"), mirror.last_error],
  ]);
}

/** Looks at the server, as far as the session may, and at the tenant's endpoints, all of them. */
async function check(box) {
  await fillWith(box, async () => {
    const server = mayChooseTenant() ? (await post("/api/v1/admin/check/server")).findings : [];
    const own = [];
    for (let after = null, first = true; first || after !== null; first = false) {
      const answer = await post("/api/v1/admin/check", after === null ? {} : { after });
      own.push(...answer.findings);
      after = answer.more_after;
    }
    // What is broken comes first.
    const order = Object.keys(SYMBOLS);
    return [...server, ...own].sort((one, other) =>
      order.indexOf(one.verdict) - order.indexOf(other.verdict));
  }, (findings) => [summary(findings), h("ul", { class: "mini-list" }, findings.map(finding))]);
}

function summary(findings) {
  const bad = findings.filter(({ verdict }) => verdict === "fail").length;
  const doubtful = findings.filter(({ verdict }) => verdict === "warn").length;
  return bad + doubtful === 0 ? hint(t("system.check_good", { count: findings.length }), "good")
    : hint(t("system.check_bad", { bad, doubtful }), bad > 0 ? "bad" : "", "alerts");
}

function finding({ part, name, verdict, detail, advice }) {
  const [tone, symbol] = SYMBOLS[verdict] ?? SYMBOLS.skip;
  return h("li", { class: "finding" },
    h("span", { class: ["step-mark", tone], title: word(`system.verdict_${verdict}`) },
      icon(symbol, word(`system.verdict_${verdict}`))),
    h("div", { class: "grow" },
      h("p", null, h("span", { class: "strong" }, name), " ", h("span", { class: "quiet" },
        word(`system.part_${part}`))),
      h("p", { class: "quiet" }, detail), advice && verdict !== "pass" && h("p", null, advice)));
}

function jobList(look) {
  return ({ items }) => items.length === 0 ? h("p", { class: "quiet" }, t("system.no_jobs"))
    : h("ul", { class: "attention" }, items.map((job) => h("li", null,
      h("div", { class: "grow stack-small" }, jobView(job),
        h("p", { class: "quiet" }, time(job.created_at, "both"), " · ", duration(job.duration_ms))),
      job.state === "running" && may("operator") && button(t("common.job_cancel"), async () => {
        await post(`/api/v1/jobs/${job.id}/cancel`).then(() =>
          notice(t("system.cancelled"), "good"), refused);
        look();
      }, { kind: "small danger" }))));
}

export default { words: ["system"], show };
