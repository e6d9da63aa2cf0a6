// @ts-check
// The console begins here: who is signed in, then the frame, then the screen that the address
// names.

import { get, inTime, onSignedOut, post, Refusal } from "./lib/api.js";
import { h, put } from "./lib/dom.js";
import { forgetDrafts } from "./lib/drafts.js";
import { language, load, t } from "./lib/i18n.js";
import { readable } from "./lib/ids.js";
import { reopen } from "./lib/live.js";
import { refusal } from "./lib/refusals.js";
import { again, address, go, route, start } from "./lib/router.js";
import { become, current, isFramed, may } from "./lib/session.js";
import { tick } from "./lib/time.js";
import { copy } from "./parts/bits.js";
import { openDialog } from "./parts/dialog.js";
import { notice } from "./parts/notice.js";
import { bones, failed, state } from "./parts/states.js";
import { shell } from "./parts/shell.js";
import { find, seen } from "./screens/catalogue.js";
import { keyForm, signIn } from "./screens/sign-in.js";

/** A server that has not answered by then does not. */
const PATIENCE_MS = 10_000;

const app = /** @type {HTMLElement} */ (document.getElementById("app"));

async function begin() {
  // All at once: the words, who is signed in, and the screen that will be shown if somebody is.
  const session = signedIn();
  const screen = find(route().screen);
  screen?.load().then((module) => load(...module.default.words)).catch(() => {});
  // The server's own words are English: readers of it need no others.
  await load("common", ...(language() === "en" ? [] : ["refusals"]));
  // From here on whatever is waited for has a time of its own; until then `first.js` watches.
  window.dispatchEvent(new Event("sereno-begun"));
  onSignedOut(() => current() && (isFramed() ? over() : askAgain()));
  setInterval(tick, 1_000);
  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target).closest?.("[data-copy]");
    if (target instanceof HTMLElement) copy(target.dataset.copy);
  });
  if (location.pathname === "/console/enter") return enter();
  await enterBy(session);
}

/** Who is signed in; null where nobody is. That the server could not say is told as such. */
async function signedIn() {
  try {
    return { answer: await get("/api/v1/session") };
  } catch (error) {
    return /** @type {any} */ (error).status === 401 ? { answer: null } : { error };
  }
}

/** @param {ReturnType<typeof signedIn>} asked */
async function enterBy(asked) {
  const { answer, error } = await asked;
  if (error) {
    document.title = `${t("common.error")} · Sereno`;
    return put(app, h("main", { class: "sign" }, failed(error, () => {
      put(app, h("main", { class: "sign" }, bones()));
      enterBy(signedIn());
    })));
  }
  if (answer === null) return isFramed() ? over() : ask();
  become(answer.session);
  run();
}

/** By a one-time link: its token stands behind the `#`, which no server and no log sees. */
async function enter() {
  const [token, rest] = location.hash.slice(1).split("&", 2);
  const asked = new URLSearchParams(rest ?? location.search).get("next");
  history.replaceState(null, "", "/console");
  try {
    const answer = await post("/api/v1/session", { link: token });
    become(answer.session);
    const next = answer.next ?? answer.session.next ?? asked ?? "";
    if (next.startsWith("/console/")) history.replaceState(null, "", next);
    run();
  } catch (error) {
    const problem = t("common.link_refused", { why: refusal(error).text });
    if (!isFramed()) return ask(problem);
    // The page around was loaded anew: the link is used up, what it led to may still be there.
    const answer = await get("/api/v1/session").catch(() => null);
    if (!answer?.session.portal) return over(problem);
    become(answer.session);
    run();
  }
}

/** The end in a frame: nobody has a key there, and a new link is for the page around to bring. */
function over(problem = "") {
  become(null);
  put(app, state({ symbol: "lantern", title: t("common.over"), text: t("common.over_text") },
    problem && h("p", { class: "quiet" }, problem)));
}

function ask(problem = null) {
  document.title = `${t("common.enter")} · Sereno`;
  put(app, signIn((session) => {
    become(session);
    run();
  }, problem));
  app.querySelector("input")?.focus();
}

/** The session has ended under an open page: what stands in its forms stays for whoever comes back. */
function askAgain() {
  if (document.querySelector(".again")) return;
  const before = /** @type {any} */ (current());
  let isIn = false;
  // Whoever does not sign in again sees no longer what was there.
  const closed = () => {
    if (isIn) return;
    forgetDrafts();
    location.reload();
  };
  const dialog = openDialog({ title: t("common.again_title"), closed, body: h("div", { class: "again stack" },
    h("p", null, t("common.again_text")), keyForm((session) => {
      const isSame = session.role === before.role && session.tenant === before.tenant;
      isIn = true;
      if (!isSame) {
        forgetDrafts();
        return location.assign("/console");
      }
      become(session);
      dialog.close();
      reopen();
      notice(t("common.again_in"), "good");
    })) });
  dialog.element.querySelector("input")?.focus();
}

function run() {
  const frame = shell();
  put(app, frame.element);
  let leaving = new AbortController();
  let isFirst = true;

  start(async (to) => {
    leaving.abort();
    leaving = new AbortController();
    const { signal } = leaving;
    // The portal has no overview, and nobody sees what their role may not.
    const mine = seen(/** @type {any} */ (current()), may);
    if (to.screen === "overview" && !mine.some(({ name }) => name === "overview")) {
      return go(address(mine[0]?.name));
    }
    const entry = mine.find(({ name }) => name === to.screen);
    frame.mark(to.screen);
    const title = (text) => (document.title = `${readable(text)} · Sereno`);
    const slow = setTimeout(() => put(frame.page, bones()), 120);
    // What still stands there belongs to another address, and takes no clicks any more.
    frame.page.inert = true;
    try {
      if (!entry) return put(frame.page, nowhere(to.screen));
      title(t(`common.screen.${entry.name}`));
      const module = await inTime(entry.load());
      await inTime(load(...module.default.words));
      // Somebody went on meanwhile: what this screen would listen to must not begin.
      if (signal.aborted) return;
      const view = { ...to, signal, title };
      const made = await module.default.show(view);
      if (signal.aborted) return;
      put(frame.page, made);
      frame.page.inert = false;
      // Whoever reads by ear begins with what is new; whoever types already goes on typing.
      const isTyping = document.activeElement?.matches("input, select, textarea");
      if (!isFirst && !isTyping) frame.page.focus({ preventScroll: true });
      isFirst = false;
    } catch (error) {
      if (signal.aborted) return;
      if (isMissingModule(error)) {
        const made = await missing(to.screen);
        return signal.aborted || put(frame.page, made);
      }
      if (entry && /** @type {any} */ (error).status === undefined) console.error(error);
      put(frame.page, failed(error, again));
    } finally {
      clearTimeout(slow);
      if (!signal.aborted) frame.page.inert = false;
    }
  });
}

/** An address that leads to no screen, or to one that this session does not see. @param {string} screen */
function nowhere(screen) {
  // Of a portal it is nobody's business which others there are.
  const isOthers = find(screen) !== undefined && !current()?.portal;
  const title = isOthers ? t("common.not_your_screen", { screen: t(`common.screen.${screen}`) })
    : t("common.no_screen", { path: location.pathname });
  return state({ symbol: isOthers ? "held" : "help", title, text: isOthers && t("common.not_your_screen_text") },
    h("a", { class: "button", href: "/console" }, t("common.back")));
}

/** A file that did not come: the server does not answer, or was renewed under an open page. */
function isMissingModule(error) {
  return error instanceof TypeError && /import|module/i.test(error.message);
}

/** The screen whose file did not come last. */
let missed = "";

/** What stands in place of a screen whose file did not come. @param {string} screen */
async function missing(screen) {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(import.meta.url, { cache: "no-store", signal }).catch(() => null);
  if (answer?.status === 404) {
    return failed(new Error(t("common.new_version")), () => location.reload());
  }
  // Some browsers ask for a file that did not come only once.
  const anew = missed === screen ? () => location.reload() : again;
  missed = screen;
  return failed(new Refusal(0, t("common.no_answer")), anew);
}

begin().catch((error) => {
  console.error(error);
  window.dispatchEvent(new Event("sereno-missing"));
});
