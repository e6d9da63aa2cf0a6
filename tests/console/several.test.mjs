// What is done to many at once: bookings of one day, guests who wait, timers; chosen by hand,
// counted, asked for, and then done one after the other with what the server said.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { book, until } from "./people.mjs";
import {
  click, enter, findings, keepFailures, openPage, press, see, seeText, startBrowser, startServer,
} from "./world.mjs";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { timezone: "America/Bogota" });
  // Noon of that day on the business's wall, which is at 17:00 in UTC.
  const noon = (days) => {
    const day = new Date(Date.now() - 5 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);
    return (Date.parse(`${day}T17:00:00Z`) - Date.now()) / 3_600_000;
  };
  await Promise.all([["R-1", 1], ["R-2", 1], ["R-3", 1], ["R-4", 3], ["R-5", 20]]
    .map(([id, days]) => book(server, id, `Guest of ${id}`, noon(days))));
  await server.ask("POST", "/api/v1/events", ["chat-1", "chat-2", "chat-3"].map((id) => (
    { event_type: "handoff.opened", data: { conversation_id: id, reason: `about ${id}` } })));
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

const statusOf = async (id) =>
  (await server.ask("GET", `/api/v1/reservations/${id}`)).status;

/** Waits until so many rows stand in the table. */
function rows(page, count) {
  return page.waitForFunction((count) =>
    document.querySelectorAll(".table tbody tr[data-id]").length === count, {}, count);
}

/** Chooses the row of an item. */
async function choose(page, id) {
  await click(page, `tr[data-id="${id}"] .choice input`);
}

test("a21_bookings_of_one_day_are_cancelled_at_once_after_they_were_counted", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reservations`);
  await rows(page, 5);
  await page.select("[name=within]", "tomorrow");
  await rows(page, 3);
  await page.waitForFunction(() => location.search.includes("within=tomorrow"));
  await seeText(page, "3", '.chip[href*="status=booked"] .chip-count');
  await page.select("[name=within]", "next_7d");
  await rows(page, 4);
  await page.goto(`${server.base}/console/reservations?within=tomorrow`);
  await rows(page, 3);

  // One of them has come meanwhile: it cannot be cancelled any more.
  await server.ask("POST", "/api/v1/reservations/R-2/actions", { action: "arrive" });
  await seeText(page, "Arrived", 'tr[data-id="R-2"]');
  await click(page, ".table thead .choice input");
  await seeText(page, "3 chosen", ".chosen");
  assert.deepEqual(await findings(page), []);
  await press(page, "Cancel booking", ".chosen");
  await seeText(page, "Cancel 2 bookings?", "dialog");
  await seeText(page, "1 more is chosen", "dialog");
  assert.equal(await statusOf("R-1"), "booked", "nothing is done before it was asked for");
  await press(page, "Cancel booking", "dialog");
  await seeText(page, "2 of 2 done · 0 refused", "dialog");
  await press(page, "Close", "dialog .dialog-foot");
  assert.deepEqual(await Promise.all(["R-1", "R-2", "R-3", "R-4"].map(statusOf)),
    ["cancelled", "arrived", "cancelled", "booked"]);
  await page.waitForFunction(() => document.querySelector(".chosen")?.hasAttribute("hidden"));
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_guests_who_wait_are_answered_at_once_and_what_is_refused_is_told_by_name", async () => {
  const { page, complaints, close } = await openPage(browser, server, { width: 390, height: 844 });
  await page.goto(`${server.base}/console/handoffs`);
  await rows(page, 3);
  await choose(page, "chat-1");
  await choose(page, "chat-2");
  await press(page, "Mark replied", ".chosen");
  await seeText(page, "Mark 2 handoffs as replied?", "dialog");
  // Somebody else closes one while the question stands there.
  await server.ask("POST", "/api/v1/handoffs/chat-2/actions", { action: "close" });
  await press(page, "Mark replied", "dialog");
  await seeText(page, "1 of 2 done · 1 refused", "dialog");
  await seeText(page, "Partly done", "dialog .pill");
  await seeText(page, "chat-2", "dialog .mini-list");
  const cut = await page.$$eval("dialog .mini-list .grow", (all) =>
    all.some((one) => one.scrollWidth > one.clientWidth + 1));
  assert.equal(cut, false, "why it was refused can be read to its end");
  assert.deepEqual(await findings(page), []);
  await press(page, "Close", "dialog .dialog-foot");
  const { status } = await server.ask("GET", "/api/v1/handoffs/chat-1");
  assert.equal(status, "replied");
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_handoffs_are_left_to_the_others_at_once_with_a_reason", async () => {
  await server.ask("POST", "/api/v1/handoffs/chat-3/actions", { action: "claim", by: "Luis" });
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/handoffs?whose=somebody`);
  await rows(page, 1);
  await choose(page, "chat-3");
  await press(page, "Leave it to others", ".chosen");
  await page.type("dialog [name=reason]", "his shift is over");
  await press(page, "Leave it to others", "dialog .dialog-foot");
  await seeText(page, "1 of 1 done", "dialog");
  assert.equal((await server.ask("GET", "/api/v1/handoffs/chat-3")).claimed_by, null);
  const { items: [entry] } = await server.ask("GET", "/api/v1/audit?action=handoff.act");
  assert.deepEqual([entry.detail, entry.reason], ["action: release", "his shift is over"]);
  assert.deepEqual(complaints, []);
  await close();
});

test("f01_timers_are_chosen_with_the_keys_and_cancelled_at_once", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/timers`);
  await see(page, ".table .row-link");
  const { timers } = await server.ask("GET", "/api/v1/reservations/R-5");
  assert.ok(timers.length > 1);
  await page.evaluate(() => /** @type {any} */ (document.querySelector(
    'tr[data-id^="reservation:R-5:"] .row-link'))?.focus());
  await page.keyboard.press("x");
  await seeText(page, "1 chosen", ".chosen");
  await press(page, "Cancel timer", ".chosen");
  await seeText(page, "Cancel 1 timer?", "dialog");
  await press(page, "Cancel timer", "dialog");
  await seeText(page, "1 of 1 done", "dialog");
  await press(page, "Close", "dialog .dialog-foot");
  await until(() => server.ask("GET", "/api/v1/reservations/R-5"),
    (found) => found.timers.length === timers.length - 1);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_a_viewer_is_offered_no_choice", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  await enter(page, server, "viewer", "/console/handoffs");
  await rows(page, 3);
  assert.equal(await page.$(".choice, .chosen"), null);
  await close();
});

test("a21_the_theme_is_the_browsers_wish_until_the_switch_says_otherwise", async () => {
  const { page, close } = await openPage(browser, server, { theme: "wish" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [day, night] = ["rgb(248, 245, 238)", "rgb(13, 20, 36)"];
  for (const [wish, colour] of [["light", day], ["dark", night]]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: wish }]);
    assert.equal(await ground(), colour, wish);
  }
  await press(page, "Day or night");
  assert.equal(await ground(), day);
  await press(page, "Day or night");
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  assert.equal(await ground(), night, "the switch is stronger than the wish");
  await close();
});
