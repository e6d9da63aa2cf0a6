// The queue of handoffs: whoever waits for longest stands on top, each can be told from the others, and ids that
// are sealed look like what they stand for.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  enter, findings, keepFailures, openPage, press, see, seeText, settle, startBrowser, startServer,
} from "./world.mjs";

/** More than a page of the API holds. */
const WAITING = 520;
const NUMBER = "+34600000066";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  const opened = (conversation_id, ago, more = {}) => ({ event_type: "handoff.opened",
    timestamp: new Date(Date.now() - ago * 1_000).toISOString(),
    data: { conversation_id, reason: `asks ${conversation_id}`, ...more } });
  await server.ask("POST", "/api/v1/events", { events: [
    opened("Z-first", 240, { last_intent: "complaint" }), opened(NUMBER, 230),
    ...Array.from({ length: WAITING }, (_, number) => opened(`M-${number}`, 190)),
  ] });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

test("a10_whoever_waits_for_longest_stands_on_top_of_more_than_500", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  for (const next of ["/console/handoffs?status=open", "/console/handoffs"]) {
    await enter(page, server, "operator", next);
    await see(page, ".table .row-link");
    assert.match(await page.$eval(".table tbody tr", (row) => row.textContent ?? ""), /Z-first/);
    await see(page, ".list-foot .button");
    assert.doesNotMatch(await page.$eval(".list-foot", (foot) => foot.textContent ?? ""),
      /that is all/);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_a_handoff_has_a_headline_and_its_reason_is_shown_to_whoever_asks", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs");
  const link = await seeText(page, "Z-first", ".table .row-link");
  assert.match(await link.evaluate((one) => one.textContent ?? ""), /^complaint/);
  const rows = await page.$$eval(".table .row-link", (all) => all.map((one) => one.textContent));
  assert.equal(new Set(rows).size, rows.length, "no two rows look alike");
  await page.goto(`${server.base}/console/handoffs/Z-first`);
  await seeText(page, "complaint", ".detail h1");
  await seeText(page, "•••", ".detail .facts");
  await press(page, "Show personal data");
  await seeText(page, "asks Z-first", ".detail .facts");
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_a_spanish_queue_can_be_told_apart_at_1280", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "", language: "es" });
  const act = (action, more = {}) =>
    server.ask("POST", "/api/v1/handoffs/M-519/actions", { action, ...more });
  await act("claim", { by: "María del Carmen Rodríguez Fernández" });
  await enter(page, server, "operator", "/console/handoffs?whose=somebody");
  const taken = await seeText(page, "María del Carmen", ".table tbody tr");
  const cut = await taken.$$eval("td:last-child button", (all) => all.filter((one) =>
    one.getBoundingClientRect().right > (one.closest(".table-box")?.getBoundingClientRect().right ?? 0)));
  assert.deepEqual(cut, [], "all that can be done to one that is taken");
  const inside = await page.$eval(".table-box", (one) =>
    [one.clientWidth, one.querySelector("table")?.offsetWidth ?? 0]);
  assert.ok(Number(inside[1]) <= Number(inside[0]), `the table runs out of its box: ${inside}`);
  await act("release");
  await page.goto(`${server.base}/console/handoffs`);
  await seeText(page, "responda ya", ".table .clock");
  const widths = await page.$$eval(".table tbody td.is-link", (all) =>
    all.slice(0, 5).map((cell) => cell.getBoundingClientRect().width));
  assert.ok(Math.min(...widths) >= 160, `${widths}`);
  const box = await page.$eval(".table-box", (one) =>
    [one.clientWidth, one.querySelector("table")?.offsetWidth ?? 0]);
  assert.ok(Number(box[1]) <= Number(box[0]), `the table runs out of its box: ${box}`);
  assert.deepEqual(await findings(page), []);
  assert.deepEqual(complaints, []);
  await close();
});

for (const width of [1280, 390]) {
  test(`e01_people_see_of_a_sealed_id_what_the_mask_shows_${width}`, async () => {
    const { page, complaints, close } = await openPage(browser, server,
      { key: "", width, height: 860 });
    await enter(page, server, "operator", "/console/handoffs");
    const link = await seeText(page, "+34•••••66", ".table .row-link");
    await link.evaluate((one) => one.click());
    await seeText(page, "+34•••••66", ".drawer .detail h1");
    const readable = () => page.evaluate(() => [document.title, document.body.innerText,
      ...[...document.querySelectorAll("[title], [aria-label]")].flatMap((one) =>
        [one.getAttribute("title"), one.getAttribute("aria-label")])].join("\n"));
    assert.doesNotMatch(await readable(), /~~/);
    await settle(page);
    const outside = await page.$$eval(".drawer *", (all) => all.filter((one) => {
      const { right, width } = one.getBoundingClientRect();
      return width > 0 && right > innerWidth + 1 && !one.closest("svg");
    }).map((one) => one.outerHTML.slice(0, 120)));
    assert.deepEqual(outside, [], "nothing runs out of the drawer");
    assert.deepEqual(await findings(page), []);
    const href = await page.$eval(".drawer-head a", (one) => one.getAttribute("href") ?? "");
    await page.goto(server.base + href);
    await seeText(page, "+34•••••66", ".detail h1");
    assert.match(await page.title(), /^\+34•••••66 ·/);
    assert.doesNotMatch(await readable(), /~~/);
    // What is copied is the whole of it, which leads back.
    const copied = await page.evaluate(async () => {
      let said = "";
      Object.defineProperty(navigator, "clipboard", { value: {
        writeText: async (/** @type {string} */ text) => (said = text) } });
      /** @type {HTMLElement|null} */ (document.querySelector(".id button"))?.click();
      await new Promise((resolve) => setTimeout(resolve));
      return said;
    });
    assert.match(copied, /^\+34•••••66~~/);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a10_a_long_queue_is_live_to_its_end", async () => {
  const claim = (number) => server.ask("POST", `/api/v1/handoffs/M-${number}/actions`,
    { action: "claim", by: "Luis" });
  for (let number = 0; number < 58; number += 1) await claim(number);
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "operator", "/console/handoffs?whose=somebody");
  await see(page, ".table .row-link");
  const count = (wanted) => page.waitForFunction((wanted) => {
    const rows = document.querySelectorAll(".table tbody tr[data-id]").length;
    if (rows < wanted) document.querySelector(".list-foot")?.scrollIntoView();
    return rows === wanted;
  }, {}, wanted);
  await count(58);
  await page.evaluate(() => scrollTo(0, 0));
  // What comes stands last in this order, and what is answered elsewhere may stand on any page.
  await server.ask("POST", "/api/v1/handoffs/M-55/actions", { action: "reply" });
  await claim(58);
  await page.waitForFunction(() => document.querySelector('.table tr[data-id="M-58"]')
    && document.querySelector('.table tr[data-id="M-55"]')?.textContent?.includes("Replied")
    && !document.querySelector('.table tr[data-id="M-55"]')?.textContent?.includes("Mark replied"));
  await seeText(page, "59 rows", ".list-foot");
  assert.deepEqual(complaints, []);
  await close();
});
