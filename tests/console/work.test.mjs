// Work on many: exactly what the filters in the address choose, as many as were confirmed; and what
// a session may not have is offered in the way in which it can be had.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { connectLine, until, writes } from "./people.mjs";
import {
  enter, findings, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver,
  startServer,
} from "./world.mjs";

const SINCE = "2026-01-01T00:00:00.000Z";
const TO = "2126-01-01T00:00:00.000Z";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  receiver.status = 404;
  await server.ask("POST", "/api/v1/admin/notify/endpoints",
    { kind: "webhook", target: `${receiver.url}/till`, filters: { events: ["client.*"] } });
  await send(["one", "two"]);
  await connectLine(server);
  for (const [from, text] of [["34600111222", "the terrace"], ["34600111333", "the cellar"]]) {
    await writes(server, from, "Ana", { type: "text", text: { body: text } });
  }
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

const send = (ids) => server.ask("POST", "/api/v1/events", ids.map((id) => (
  { event_id: id, event_type: "client.created", data: { id } })));

/** Waits until so many deliveries were given up. */
const dead = (count) => until(() => server.ask("GET", "/api/v1/dead-letters"),
  ({ items }) => items.length === count);

/** What the page asks the API for from now on: path, and body or query. */
function asked(page) {
  const all = [];
  page.on("request", (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const body = request.postData();
    all.push({ method: request.method(), path: pathname,
      said: body ? JSON.parse(body) : Object.fromEntries(searchParams) });
  });
  return all;
}

/** Each list with work on many: its button, and a value for each of its filters. */
const LISTS = [
  ["deliveries", "Retry all that fit", /deliveries(\/retry)?$/, { status: "dead", endpoint_id: "1",
    event_type: "client.created", event_id: "one", channel: "webhook", code: "4xx", q: "one",
    from: SINCE, to: TO }],
  ["deliveries", "Cancel all that fit", /deliveries(\/cancel)?$/, { status: "held", endpoint_id: "1",
    event_type: "client.created", event_id: "one", channel: "webhook", code: "4xx", q: "one",
    from: SINCE, to: TO }],
  ["dead-letters", "Retry all that fit", /dead-letters\/retry$/, { cause: "404", fault: "receiver",
    endpoint_id: "1", event_type: "client.created", from: SINCE, to: TO }],
  ["inbound", "Process all that fit", /inbound-log(\/reprocess)?$/, { status: "processed",
    q: "terrace", source: "whatsapp", type: "message.received", from: SINCE, to: TO }],
  ["events", "Process those set aside", /events(\/reprocess)?$/, { q: "ana", source: "api",
    type: "client.created", conversation_id: "c1", delivery: "dead", from: SINCE, to: TO }],
];

test("a21_work_on_many_takes_every_filter_of_the_address", async () => {
  await dead(2);
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  for (const [screen, name, path, filters] of LISTS) {
    for (const filter of ["", ...Object.keys(filters), "all"]) {
      const query = filter === "all" ? filters : filter ? { [filter]: filters[filter] } : {};
      await page.goto(`${server.base}/console/${screen}?${new URLSearchParams(query)}`);
      await see(page, ".list-foot, .state");
      const isPlain = !query.status && ["deliveries", "inbound"].includes(screen)
        && name !== "Cancel all that fit";
      const other = { deliveries: "Retry all given up", inbound: "Process all set aside" }[screen];
      await page.waitForFunction(() => !document.querySelector(".skeleton"));
      const all = asked(page);
      await press(page, isPlain ? other : name, ".page-head");
      await see(page, "dialog .dialog-foot .button");
      const work = all.find((one) => path.test(one.path)
        && (one.said.dry_run || (one.method === "GET" && one.said.limit === "100")));
      assert.ok(work, `${screen}: nothing was counted: ${JSON.stringify(all)}`);
      for (const [wanted, value] of Object.entries(query)) {
        if (wanted === "to" && work.said.dry_run) {
          assert.ok(Date.parse(work.said.to) <= Date.now() + 2_000, "bounded by the count");
        } else assert.equal(String(work.said[wanted]), value, `${screen}: ${wanted} is left out`);
      }
      page.removeAllListeners("request");
    }
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_where_no_work_on_many_is_possible_the_list_says_why", async () => {
  const { page, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/inbound?status=refused`);
  await seeText(page, "What was refused is not processed", ".page-head");
  await page.goto(`${server.base}/console/inbound?q=terrace&status=processed`);
  await press(page, "Process all that fit", ".page-head");
  await seeText(page, "1 letters", "dialog");
  await close();
});

test("e06_the_count_that_was_confirmed_is_the_count_that_is_done", async () => {
  await dead(2);
  const { page, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/dead-letters?event_type=client.created`);
  await see(page, ".table .row-link");
  await press(page, "Retry all that fit", ".page-head");
  await seeText(page, "2 deliveries will be tried again", "dialog");
  await seeText(page, "As of ", "dialog");
  // One more dies while the question stands there: it came in later, so that it is not meant.
  await send(["three"]);
  const { items } = await dead(3);
  const gone = items.find(({ event_id: id }) => id === "one");
  // And one that was counted is gone.
  await server.ask("DELETE", `/api/v1/dead-letters/${gone.id}`);
  await press(page, "Retry them", "dialog");
  await seeText(page, "It was 2 when you were asked; now it is 1", "dialog");
  const before = receiver.got.length;
  await press(page, "Retry them", "dialog");
  await seeText(page, "1 done", "dialog");
  await until(async () => receiver.got.length, (count) => count > before);
  const tried = receiver.got.slice(before).map(({ body }) => JSON.parse(body).event_id);
  assert.deepEqual(tried, ["two"]);
  await close();
});

test("a21_an_export_is_offered_as_a_command_for_a_key_that_works", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  for (const [screen, query] of [["events", "type=client.created"], ["dead-letters", "fault=receiver"]]) {
    await page.goto(`${server.base}/console/${screen}?${query}`);
    await see(page, ".table .row-link");
    await press(page, "Export", ".page-head");
    await seeText(page, "never to a browser's session", "dialog");
    const shell = await page.$eval("dialog .command pre", (one) => one.textContent ?? "");
    assert.ok(shell.includes(query) && !shell.includes(server.key), shell);
    const { stdout } = await promisify(execFile)("sh",
      ["-c", `${shell.replace(/-o \S+$/, "-s")}`],
      { env: { ...process.env, SERENO_API_KEY: server.key } });
    const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(lines.length > 0 && lines.every((line) => line.event_type === "client.created"), stdout);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("e06_the_reason_for_work_on_many_stands_with_the_job_and_in_the_audit_log", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/dead-letters`);
  await see(page, ".table .row-link");
  await press(page, "Retry all that fit", ".page-head");
  await see(page, "dialog input[name=reason]");
  await page.type("dialog input[name=reason]", "the till was replaced");
  await press(page, "Retry them", "dialog");
  await seeText(page, "Reason: the till was replaced", "dialog");
  await page.goto(`${server.base}/console/audit?action=dead_letters.retry`);
  await seeText(page, "the till was replaced", ".table");
  assert.deepEqual(complaints, []);
  await close();
});

test("f06_a_delivery_that_waits_is_cancelled_from_its_page", async () => {
  receiver.status = 500;
  await server.ask("PATCH", "/api/v1/admin/tenants/default",
    { retry: { first: "1h", attempts: 3 } });
  await send(["held-up"]);
  const { items: [{ id }] } = await until(
    () => server.ask("GET", "/api/v1/deliveries?event_id=held-up"),
    ({ items }) => items[0]?.status === "retrying");
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/overview`);
  await seeText(page, "Oldest waiting", ".strip");
  await page.waitForSelector(`.strip a[href*="${id}"]`);
  await page.goto(`${server.base}/console/deliveries/${id}`);
  await press(page, "Cancel this delivery", ".detail");
  await see(page, "dialog input[name=reason]");
  await page.type("dialog input[name=reason]", "they called us");
  await press(page, "Cancel this delivery", "dialog");
  await seeText(page, "cancelled by hand", ".detail");
  await seeText(page, "they called us", ".detail");
  const shown = await server.ask("GET", `/api/v1/deliveries/${id}`);
  assert.equal(shown.status, "cancelled");
  const gone = await page.evaluate(() => [...document.querySelectorAll(".detail button")]
    .every((one) => one.textContent !== "Cancel this delivery"));
  assert.ok(gone, "what is over cannot be cancelled");
  await page.goto(`${server.base}/console/deliveries?status=cancelled`);
  await see(page, ".table .row-link");
  const offered = await page.$$eval(".page-head button", (all) => all.map((one) => one.textContent?.trim()));
  assert.ok(!offered.includes("Retry all that fit"), "what was cancelled is not tried again");
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_a_channel_is_paused_and_goes_on_from_the_overview", async () => {
  receiver.status = 200;
  await send(["counted"]);
  await until(() => server.ask("GET", "/api/v1/stats"),
    ({ windows }) => windows["1h"].deliveries.by_channel.webhook?.attempts > 0);
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/overview`);
  await press(page, "Pause Webhook", ".board");
  await page.type("dialog [name=reason]", "the till is renewed");
  await press(page, "Pause Webhook", "dialog .dialog-foot");
  await seeText(page, "Paused", ".board .pill");
  // It is said where one looks: first among what wants attention, and on every screen.
  const need = await seeText(page, "Webhook is paused", ".attention .row-link");
  assert.match(await need.evaluate((link) => link.getAttribute("href") ?? ""),
    /deliveries\?status=held&channel=webhook$/);
  await seeText(page, "Webhook is paused: what is for it is held", ".banner");
  assert.deepEqual(await findings(page), []);
  // By whom, since when and why is said there too.
  await seeText(page, "the till is renewed", ".board");
  await seeText(page, "the till is renewed", ".banner");
  const { items: [paused] } = await server.ask("GET", "/api/v1/audit?action=channel.pause");
  assert.deepEqual([paused.subject, paused.reason], ["webhook", "the till is renewed"]);
  await send(["kept"]);
  await until(() => server.ask("GET", "/api/v1/deliveries?event_id=kept"),
    ({ items }) => items[0]?.status === "held");
  // Another try of what is held would come to nothing, so none is offered; what opened before hears so.
  const { items: [held] } = await server.ask("GET", "/api/v1/deliveries?event_id=kept");
  const other = await openPage(browser, server, { key: server.key });
  const offered = () => other.page.$$eval("main button", (all) =>
    all.map((one) => one.textContent?.trim() ?? "").filter((text) => text.startsWith("Retry")));
  await other.page.goto(`${server.base}/console/deliveries?status=held`);
  await see(other.page, ".table .row-link");
  assert.deepEqual(await offered(), []);
  await other.page.focus(".table .row-link");
  await other.page.keyboard.press("r");
  await seeText(other.page, "It is held and goes by itself", ".notice");
  const spanish = await openPage(browser, server, { key: "", language: "es" });
  await enter(spanish.page, server, "viewer", "/console/deliveries?status=held");
  await seeText(spanish.page, "El canal está en pausa", ".table tbody");
  await spanish.close();
  await other.page.goto(`${server.base}/console/deliveries/${held.id}`);
  await seeText(other.page, "Cancel this delivery", ".detail");
  assert.deepEqual(await offered(), []);
  assert.deepEqual(other.complaints, []);
  await other.close();
  await press(page, "Resume Webhook", ".board");
  await page.waitForFunction(() => document.querySelector(".banner") === null);
  await until(() => server.ask("GET", "/api/v1/deliveries?event_id=kept"),
    ({ items }) => items[0]?.status === "sent");
  assert.deepEqual(complaints, []);
  await close();
});
