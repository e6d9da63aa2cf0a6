// What an operator decides about what does not go: a cause is known, another way is found, what waits is called
// off; and what nobody named is not shown.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  enter, findings, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver,
  startServer,
} from "./world.mjs";

let server;
let broken;
let other;
let browser;
before(async () => {
  [broken, other, browser, server] = await Promise.all([
    startReceiver(), startReceiver(), startBrowser(), startServer(),
  ]);
  broken.status = 404;
  const till = (path, events, more = {}) => server.ask("POST", "/api/v1/admin/notify/endpoints",
    { kind: "webhook", target: `${path}/till`, filters: { events }, ...more });
  await till(broken.url, ["client.created"]);
  await till(other.url, ["else.where"]);
  await till(`${broken.url}/slow`, ["order.*"], { retry: { first: "1h", attempts: 3 } });
  await send("client.created", ["one", "two"]);
  await dead(2);
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), broken?.stop(), other?.stop()]);
});

const send = (type, ids) => server.ask("POST", "/api/v1/events", ids.map((id) => (
  { event_id: id, event_type: type, data: { id, table_notes: "Ana García" } })));
const dead = (count) => until(() => server.ask("GET", "/api/v1/dead-letters"),
  ({ items }) => items.length === count);

test("e06_a_cause_is_acknowledged_on_the_overview_and_comes_back_when_it_goes_on", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/overview");
  await seeText(page, "404", ".attention .row-link");
  await press(page, "Acknowledge", ".attention");
  await page.type("dialog [name=reason]", "they know of it");
  await press(page, "Acknowledge", "dialog .dialog-foot");
  await press(page, "Acknowledged (1)", ".board");
  await seeText(page, "they know of it", ".attention.further");
  assert.deepEqual(await findings(page), []);
  const { items: [known] } = await server.ask("GET", "/api/v1/dead-letters?group=cause");
  assert.deepEqual([known.acknowledged.holds, known.acknowledged.by.kind], [true, "link"]);
  await press(page, "Take back", ".attention.further");
  await seeText(page, "404", ".attention:not(.further) .row-link");
  await press(page, "Acknowledge", ".attention");
  await press(page, "Acknowledge", "dialog .dialog-foot");
  await seeText(page, "Acknowledged (1)", ".board");
  await send("client.created", ["three"]);
  await dead(3);
  await page.reload();
  await seeText(page, "404", ".attention:not(.further) .row-link");
  assert.deepEqual(complaints, []);
  await close();
});

test("e06_a_cause_is_acknowledged_on_its_card_too", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/dead-letters");
  await press(page, "Acknowledge", ".cause");
  await page.type("dialog [name=reason]", "they mend it");
  await press(page, "Acknowledge", "dialog .dialog-foot");
  await seeText(page, "they mend it", ".cause");
  assert.deepEqual(await findings(page), []);
  await press(page, "Take back", ".cause");
  await page.waitForFunction(() => !document.querySelector(".cause")?.textContent?.includes("they mend it"));
  assert.deepEqual(complaints, []);
  await close();
});

test("e06_a_dead_letter_is_sent_another_way_and_says_so", async () => {
  const { items } = await server.ask("GET", "/api/v1/dead-letters");
  const { id } = items.find(({ event_id: event }) => event === "one");
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", `/console/dead-letters/${id}`);
  await press(page, "Send another way", ".detail");
  await see(page, "dialog select[name=endpoint_id]");
  const offered = await page.$$eval("dialog option", (all) => all.map((one) => one.value));
  assert.deepEqual(offered, ["2", "3"], "not the one that did not take it");
  await page.type("dialog [name=reason]", "their till is down");
  await press(page, "Send another way", "dialog");
  await seeText(page, "Handed on to", ".detail");
  await seeText(page, "their till is down", ".detail");
  await until(async () => other.got.length, (count) => count === 1);
  assert.equal(JSON.parse(other.got[0].body).event_id, "one");
  await page.goto(`${server.base}/console/dead-letters`);
  await seeText(page, "Handed on", ".table tbody");
  assert.deepEqual(complaints, []);
  await close();
});

test("f06_all_that_wait_are_cancelled_by_what_the_filters_choose", async () => {
  broken.status = 500;
  await send("order.paid", ["a", "b"]);
  await until(() => server.ask("GET", "/api/v1/deliveries?status=retrying"),
    ({ items }) => items.length === 2);
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/deliveries?status=retrying");
  await see(page, ".table .row-link");
  await press(page, "Cancel all that fit", ".page-head");
  await seeText(page, "2 deliveries that fit the filters and still wait", "dialog");
  // A key that is pressed once too often does not do it.
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Leave as it is");
  await page.type("dialog [name=reason]", "the till was replaced");
  await press(page, "Cancel the deliveries", "dialog");
  await seeText(page, "2 done", "dialog");
  const { items } = await server.ask("GET", "/api/v1/deliveries?status=cancelled");
  assert.deepEqual(items.map(({ cancelled_by_hand: by }) => by.reason),
    ["the till was replaced", "the till was replaced"]);
  await page.goto(`${server.base}/console/deliveries?status=cancelled`);
  await see(page, ".table .row-link");
  const offered = await page.$$eval(".page-head button",
    (all) => all.map((one) => one.textContent?.trim()));
  assert.ok(!offered.includes("Cancel all that fit"), "what is over is not cancelled");
  assert.deepEqual(complaints, []);
  await close();
});

test("f05_what_nobody_named_is_shown_only_to_who_asks", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/events/one");
  await see(page, ".payload pre");
  const text = () => page.$eval(".payload pre", (one) => one.textContent ?? "");
  assert.ok((await text()).includes('"table_notes": "•••"'), await text());
  await press(page, "Show personal data", ".detail");
  await seeText(page, "Ana García", ".payload pre");
  assert.deepEqual(complaints, []);
  await close();
});
