// @ts-check
// One dead letter: why it was given up, all that was tried, and its three ways out: again, changed,
// or never.

import { asCurl, get, post, remove } from "../../lib/api.js";
import { causeName } from "../../lib/causes.js";
import { endpointName } from "../../lib/endpoints.js";
import { h } from "../../lib/dom.js";
import { t, word } from "../../lib/i18n.js";
import { address } from "../../lib/router.js";
import { current, may } from "../../lib/session.js";
import { fullTime } from "../../lib/time.js";
import { button, channel, copy, facts, hint, id, inBoth, pill, section, why } from "../../parts/bits.js";
import { ask, openDialog } from "../../parts/dialog.js";
import { field, makeForm } from "../../parts/form.js";
import { notice, refused } from "../../parts/notice.js";
import { payload } from "../../parts/payload.js";
import { reasonField } from "../../parts/reason.js";
import { revealButton } from "../../parts/reveal.js";
import { fillWith } from "../../parts/states.js";
import { timeline } from "../../parts/timeline.js";
import { tryAgain } from "../deliveries/again.js";
import { attempts } from "../deliveries/attempts.js";
import { handOn, handedOnFacts } from "../deliveries/hand-on.js";

/** @param {string} key @param {HTMLElement} box @param {() => void} refresh */
export function detail(key, box, refresh) {
  const path = `/api/v1/dead-letters/${encodeURIComponent(key)}`;
  let reveal = null;
  const show = () => fillWith(box, async () => {
    const found = await get(path, { reveal });
    return { ...found, endpoint: await endpointName(found.endpoint_id),
      handedOn: await handedOnFacts(found.handed_on) };
  }, (found) => view(found, actions(found)));
  /** Afterwards it is no dead letter any more, so its delivery is what there is to see. */
  const gone = (text, isTold = false) => {
    if (!isTold) notice(text, "good");
    refresh();
    box.replaceChildren(hint([h("p", null, text),
      h("a", { href: address("deliveries", key) }, t("letters.to_delivery"))], "good"));
  };
  const retry = () => tryAgain(path, t("letters.retried")).then((isTried) =>
    gone(t(isTried ? "letters.retried" : "deliveries.retry_held"), true), refused);
  const discard = async () => {
    const reason = reasonField();
    const sure = await ask({
      title: t("letters.discard"), text: t("letters.discard_one"), yes: t("letters.discard"),
      danger: true, more: reason.element,
    });
    if (sure) await remove(path, reason.said()).then(() => gone(t("letters.discarded")), refused);
  };
  const actions = (found) => h("div", { class: "row" },
    may("operator") && [
      button(t("letters.retry"), retry, { symbol: "retry", kind: "main" }),
      button(t("letters.edit"), () => edit(path, found, gone), { symbol: "edit" }),
      button(t("deliveries.hand_on"), () => handOn(found, () => {
        show();
        refresh();
      }), { symbol: "out" }),
      button(t("letters.discard"), discard, { symbol: "trash", kind: "danger" }),
    ],
    button(t("common.copy_curl"), () => copy(asCurl("GET", path)),
      { symbol: "code", kind: "plain" }),
    reveal === null && revealButton(() => {
      reveal = true;
      show();
    }));
  show();
}

function view(found, actions) {
  return h("article", { class: "detail" },
    h("header", { class: "detail-head" },
      h("div", { class: "row" }, h("h1", null, found.event_type), pill("dead")), id(found.id)),
    why(found.why), actions,
    section(t("letters.facts"), facts([
      [t("letters.cause"), causeName(found.cause)],
      [t("letters.fault"), word(`common.fault.${found.fault}`)],
      [t("letters.error"), inBoth(found.error_message)],
      [t("letters.to"), h("span", { class: "row" }, channel(found.channel), found.endpoint_id > 0
        ? h("a", { href: address("endpoints", String(found.endpoint_id)) }, found.endpoint)
        : found.endpoint)],
      [t("letters.event"), found.event_id && h("a", { href: address("events", found.event_id) },
        found.event_id)],
      [t("letters.dead"), fullTime(found.dead_at)],
      ...found.handedOn,
      [t("letters.expires"), [fullTime(found.expires_at)]],
    ])),
    section(t("letters.tried"), timeline([
      ...attempts(found.history),
      { status: "dead", title: t("letters.given_up"), at: found.dead_at },
      { status: "waiting", ahead: true, title: t("letters.forgotten"), at: found.expires_at },
    ])),
    found.message && section(t("letters.message"),
      h("blockquote", { class: "card" }, found.message)),
    section(t("letters.payload"), payload(found.payload)));
}

/** The same with other data: a new event to this endpoint alone; the original stays as it was. */
async function edit(path, masked, done) {
  // What is masked cannot be sent on: whoever changes it has to see it, which is written down.
  const isMasked = current()?.masked;
  const found = isMasked ? await get(path, { reveal: true }).catch(refused) : masked;
  if (!found) return;
  const dialog = openDialog({ title: t("letters.edit"), body: null });
  dialog.show([hint(t("letters.edit_text")), makeForm({
    fields: field({
      name: "data", label: t("letters.data"), type: "area", rows: 14, class: "code",
      value: JSON.stringify(found.payload?.data ?? {}, null, 2),
    }),
    yes: t("letters.edit_yes"), cancel: dialog.close,
    submit: async ({ data: text }) => {
      let data;
      try {
        data = JSON.parse(text ?? "");
      } catch (error) {
        throw Object.assign(new Error(t("letters.not_json",
          { why: /** @type {Error} */ (error).message })),
          { field: "data" });
      }
      const answer = await post(`${path}/retry`, { data });
      dialog.close();
      done(t("letters.edited", { id: answer.event_id ?? "" }));
    },
  })]);
}
