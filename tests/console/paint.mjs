// Measures how soon each screen is painted over many stored events: run by hand, since to store a
// million takes minutes. `tests/console/run --paint [EVENTS] [FOLDER]`; a folder that is named is
// kept, and what is stored in it already is not stored again.

import { mkdir } from "node:fs/promises";
import { cpus } from "node:os";
import { SCREENS } from "../../src/console/screens/catalogue.js";
import { openPage, startBrowser, startReceiver, startServer } from "./world.mjs";

const [events, folder] = [Number(process.argv[2] ?? 1_000_000), process.argv[3]];
/** The bar for the first paint of any screen, in milliseconds. */
const BAR_MS = 200;
const LOADS = 5;
const BATCH = 1_000;
const AT_ONCE = 4;
const PATIENCE_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

if (!Number.isInteger(events) || events < BATCH) {
  console.error(`say how many events, at least ${BATCH}: tests/console/run --paint 20000`);
  process.exit(2);
}

/** A restaurant's day over and over: mostly clients, some bookings, talks, handoffs, failures. */
function event(number) {
  const id = `paint-${number}`;
  const kind = number % 100;
  const made = (event_type, data) => ({ event_id: id, event_type, data });
  if (kind < 5) {
    const date_time = new Date(Date.now() + DAY_MS + (number % 500) * 3_600_000).toISOString();
    return made("reservation.created", {
      reservation_id: `R-${number}`, date_time, party_size: 1 + (number % 8),
      name: `Guest ${number}`,
    });
  }
  if (kind < 7) {
    return made("conversation.started",
      { conversation_id: `C-${number}`, user_id: `u-${number}`, channel: "web" });
  }
  if (kind === 7) {
    return made("handoff.opened", { conversation_id: `H-${number}`, reason: "a person" });
  }
  if (number % 1_000 === 8) return made("till.closed", { total: number });
  return made(number % 2 ? "client.created" : "client.updated",
    { name: `Client ${number}`, city: ["Madrid", "Lisboa", "Bogotá"][number % 3] });
}

/** Stores them in batches, a few under way at once; each that has no room is sent again. */
async function store(server) {
  const began = Date.now();
  let next = 0;
  let told = 0;
  async function work() {
    while (next < events) {
      const from = next;
      next += BATCH;
      const count = Math.min(BATCH, events - from);
      const batch = Array.from({ length: count }, (_, index) => event(from + index));
      await send(server, JSON.stringify(batch));
      const share = Math.floor((from / events) * 10);
      if (share > told) console.log(`${(told = share) * 10} % after ${seconds(began)}`);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  console.log(`${events.toLocaleString("en")} events stored in ${seconds(began)}`);
}

const seconds = (since) => `${((Date.now() - since) / 1_000).toFixed(1)} s`;

async function send(server, body) {
  const headers = { authorization: `Bearer ${server.key}`, "content-type": "application/json" };
  for (;;) {
    const answer = await fetch(`${server.base}/api/v1/events`, { method: "POST", headers, body });
    if (answer.ok) return answer.arrayBuffer();
    const { detail } = await answer.json();
    if (![429, 503].includes(answer.status)) throw new Error(`${answer.status} ${detail}`);
    const wait = Number(answer.headers.get("retry-after") ?? 1) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Waits until the search index knows all: until then the server is busy with what was stored. */
async function settle(server) {
  const began = Date.now();
  const last = await server.ask("GET", `/api/v1/events/paint-${events - 1}`);
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const { indexed_to: to } = await server.ask("GET", "/api/v1/events?q=nobody&limit=1");
    if (to && to >= last.received_at) return console.log(`searchable after ${seconds(began)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  console.log("the search index is still behind: what follows is measured meanwhile");
}

/** Notes in the page when the screen first stood there with its data. */
function watch() {
  const look = (at) => {
    const isWhole = document.querySelector(".page h1") && !document.querySelector(".page .bone");
    if (isWhole) Reflect.set(globalThis, "wholeAt", at);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function load(page, path) {
  await page.goto(path);
  await page.waitForFunction(() => Reflect.get(globalThis, "wholeAt") !== undefined
    && performance.getEntriesByName("first-contentful-paint").length > 0);
  return page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    whole: Reflect.get(globalThis, "wholeAt"),
  }));
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

if (folder) await mkdir(folder, { recursive: true });
const [receiver, browser, server] = await Promise.all([
  startReceiver(), startBrowser(), startServer({}, folder),
]);
const isStored = await server.ask("GET", `/api/v1/events/paint-${events - 1}`)
  .then(() => true, () => false);
if (!isStored) {
  for (const [target, type] of [[receiver.url, "handoff.*"], ["http://127.0.0.1:9", "till.*"]]) {
    await server.ask("POST", "/api/v1/admin/notify/endpoints", {
      kind: "webhook", target, filters: { events: [type] }, retry: { first: "100ms", attempts: 1 },
    });
  }
  await store(server);
}
await settle(server);

const { page, close } = await openPage(browser, server);
page.setDefaultTimeout(60_000);
await page.evaluateOnNewDocument(watch);
const lines = [];
for (const { name } of SCREENS) {
  const loads = [];
  for (let count = 0; count < LOADS; count += 1) {
    loads.push(await load(page, `${server.base}/console/${name}`));
  }
  const [paints, wholes] = [loads.map(({ paint }) => paint), loads.map(({ whole }) => whole)];
  lines.push([name, median(paints), Math.max(...paints), median(wholes)]);
}
const over = lines.filter(([, paint]) => paint > BAR_MS);
const cells = (row) => row.map((cell, index) =>
  (index === 0 ? String(cell).padEnd(16) : String(cell).padStart(14))).join("");
console.log(`\n${cpus().length} cores, ${events.toLocaleString("en")} events, medians of ${LOADS} `
  + `loads, in ms; the bar for the first paint is ${BAR_MS}`);
console.log(cells(["screen", "first paint", "its slowest", "with its data", ""]));
for (const [name, ...figures] of lines) {
  const verdict = figures[0] > BAR_MS ? "over" : "ok";
  console.log(cells([name, ...figures.map((ms) => ms.toFixed(0)), verdict]));
}
await close();
await Promise.all([browser.close(), server.stop(), receiver.stop()]);
process.exitCode = over.length > 0 ? 1 : 0;
