// A real server on a scratch directory, receivers of our own on loopback, and a real browser whose
// every complaint fails the test that made it.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const packages = createRequire(`${process.env.NODE_HOME}/package.json`);
const puppeteer = packages("puppeteer-core");
const axePath = packages.resolve("axe-core/axe.min.js");

/** What is still to be ended, were a test to end before it. */
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** How long anything may take before a test gives it up, unless it says otherwise. */
export const PATIENCE_MS = 20_000;

/**
 * A server that is up, with its keys, and a way to ask it as a program would. Its directory is a
 * scratch one, unless one is named, which is kept.
 */
export async function startServer(environment = {}, kept = "") {
  const data = kept || await mkdtemp(path.join(tmpdir(), "sereno-console-"));
  const binary = process.env.SERENO_BINARY ?? "sereno";
  const child = spawn(binary, ["serve"], {
    env: {
      PATH: process.env.PATH, HOME: data, SERENO_DATA: data, SERENO_LISTEN: "127.0.0.1:0",
      SERENO_ALLOW_PRIVATE_TARGETS: "127.0.0.0/8", RUST_LOG: "error", ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const base = await firstAddress(child);
  const credentials = await readFile(path.join(data, "credentials"), "utf8");
  const key = credentials.match(/^api_key=(.+)$/m)?.[1] ?? "";
  const admin = credentials.match(/^admin_token=(.+)$/m)?.[1] ?? "";
  const asking = async (method, where, body, headers) => {
    const response = await fetch(base + where, {
      method, headers: { "content-type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${answer.detail}`);
    return answer;
  };
  const ask = (method, where, body) =>
    asking(method, where, body, { authorization: `Bearer ${key}` });
  /** As the admin of all tenants, about one of them. */
  const askAsAdmin = (method, where, body, tenant = "default") =>
    asking(method, where, body, { authorization: `Bearer ${admin}`, "x-tenant": tenant });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    if (!kept) await rm(data, { recursive: true, force: true });
  };
  return { base, key, admin, ask, askAsAdmin, stop };
}

/** The address in what a starting server prints. */
function firstAddress(child) {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text) => {
      said += text;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+/);
      if (found) resolve(found[0]);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
}

/** A receiver that keeps what it got and answers as it is told to. */
export async function startReceiver() {
  const receiver = { status: 200, got: [], url: "", stop: async () => {} };
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      receiver.got.push({ path: request.url, headers: request.headers, body });
      response.writeHead(receiver.status, { "content-type": "application/json" });
      // What WhatsApp's API answers; any other sender does not read it.
      response.end(JSON.stringify({ messages: [{ id: `wamid.${receiver.got.length}` }] }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = /** @type {any} */ (server.address());
  receiver.url = `http://127.0.0.1:${address.port}`;
  receiver.stop = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });
  return receiver;
}

export async function startBrowser() {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM, headless: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--lang=en-GB"],
  });
  running.add(browser.process());
  browser.once("disconnected", () => running.delete(browser.process()));
  return browser;
}

/**
 * A page of its own, signed in unless there is no key. Complaints of the browser are gathered:
 * errors in the console, refused by the policy, requests that failed.
 */
export async function openPage(browser, server, {
  key = server.admin, theme = "night", language = "en", width = 1280, height = 860,
} = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // What the API refuses is the page's to tell of; the browser notes it too.
    const isRefusal = message.location().url?.startsWith(`${server.base}/api/`)
      && /status of (400|401|409|422)/.test(message.text());
    if (message.type() === "error" && !isRefusal) complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server.base
      && !/^(data|blob):$/.test(protocol)) complaints.push(`asked ${request.url()}`);
  });
  await page.setViewport({ width, height, isMobile: width < 500, hasTouch: width < 500 });
  await page.evaluateOnNewDocument((theme, language) => {
    localStorage.setItem("sereno.theme", theme);
    localStorage.setItem("sereno.language", language);
  }, theme, language);
  if (key) {
    await page.goto(`${server.base}/console`);
    await (await see(page, "#key, [name=key]")).type(key);
    await press(page, "Sign in");
    await see(page, ".bar");
  }
  opened.add(page);
  const close = () => {
    opened.delete(page);
    return context.close();
  };
  return { page, complaints, close };
}

/** Pages that were not closed: those of tests that failed. */
const opened = new Set();

/** Pictures of the pages on which tests failed, where somebody asks for them. */
export async function keepFailures() {
  const folder = process.env.SERENO_PICTURES_OF_FAILURES;
  if (!folder) return;
  let number = 0;
  for (const page of opened) {
    number += 1;
    await page.screenshot({ path: path.join(folder, `failure-${number}.png`) });
  }
}

/** Comes in by a one-time link, as somebody of this role, at a screen. */
export async function enter(page, server, role, next) {
  const { link } = await server.ask("POST", "/api/v1/admin/links", { role, next });
  await page.goto(link.url);
}

/** Waits until an element can be seen. */
export function see(page, selector) {
  return page.waitForSelector(selector, { visible: true });
}

/** Waits until a text can be seen inside an element, and answers with that element. */
export async function seeText(page, text, inside = "body") {
  const handle = await page.waitForFunction((text, inside) =>
    [...document.querySelectorAll(inside)].find((element) =>
      element.checkVisibility() && element.textContent?.includes(text)), {}, text, inside);
  return handle.asElement();
}

/**
 * Clicks what `find` finds and answers with it, once it stands still: a dialog that rises would let the click
 * go past.
 */
async function clickFound(find, options = {}, tries = 5) {
  const element = (await find()).asElement();
  try {
    await element.evaluate(async (one) => {
      const place = () => new Promise((resolve) => requestAnimationFrame(() => {
        const { x, y, width, height } = one.getBoundingClientRect();
        resolve([x, y, width, height].join());
      }));
      for (let was = await place(), is = await place(); was !== is; is = await place()) was = is;
    });
    await element.click(options);
    return element;
  } catch (error) {
    // The page has put another in its place meanwhile.
    if (tries === 0 || !/detached|not clickable/i.test(String(error))) throw error;
    return clickFound(find, options, tries - 1);
  }
}

/** Clicks an element once it can be seen. */
export function click(page, selector) {
  return clickFound(() => see(page, selector));
}

/** Presses the button or link with these words, once it is there and may be pressed. */
export function press(page, text, inside = "body") {
  return clickFound(() => page.waitForFunction((text, inside) => {
    const boxes = [...document.querySelectorAll(inside)];
    const all = boxes.flatMap((box) => [...box.querySelectorAll("button, a, summary, .kind")]);
    return all.find((one) => one.checkVisibility() && !one.disabled
      && (one.textContent?.trim() === text || one.getAttribute("aria-label") === text));
  }, {}, text, inside));
}

/** Writes into the field with this label. */
export async function write(page, label, text) {
  const field = await clickFound(() => page.waitForFunction((label) => {
    const found = [...document.querySelectorAll("label")].find((one) =>
      one.checkVisibility() && one.textContent?.trim() === label);
    return found?.control;
  }, {}, label), { count: 3 });
  await field.type(text);
}

/** Ends every motion that has an end, so that all stands where it will stand. */
export function settle(page) {
  return page.evaluate(() => {
    for (const animation of document.getAnimations()) {
      if (Number.isFinite(animation.effect?.getComputedTiming().endTime)) animation.finish();
    }
  });
}

/** What axe finds that is serious or worse. */
export async function findings(page) {
  // The page's policy refuses a script in it; the debugger's own way in is not subject to it.
  const isThere = await page.evaluate(() => "axe" in globalThis);
  if (!isThere) await page.evaluate(await readFile(axePath, "utf8"));
  // A drawer that is still sliding in is half transparent, which no rule of contrast forgives.
  await settle(page);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
  }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map((node) => node.html).slice(0, 3).join("\n")}`);
}
