// Where there is little room: what tells rows apart can be read, on a phone and beside the navigation, however
// long somebody's ids are.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { book, until } from "./people.mjs";
import {
  enter, findings, keepFailures, openPage, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  receiver.status = 503;
  const endpoint = (target, kind = "webhook") => server.ask("POST", "/api/v1/admin/notify/endpoints",
    { kind, target, filters: { events: ["client.*"] }, retry: { first: "100ms", attempts: 1 } });
  await endpoint(`${receiver.url}/the/till/of/the/house`);
  await endpoint("mail@example.com", "email");
  await book(server, "R".repeat(120), "Ana", 30);
  await server.ask("POST", "/api/v1/events",
    { event_type: "handoff.opened", data: { conversation_id: "chat-1", reason: "wants a person" } });
  const events = Array.from({ length: 12 }, (_, place) =>
    ({ event_id: `e-${place}`, event_type: "client.created", data: {} }));
  await server.ask("POST", "/api/v1/events", events);
  await until(() => server.ask("GET", "/api/v1/dead-letters"), ({ items }) => items.length >= 12);
  await until(() => server.ask("GET", "/api/v1/admin/notify/endpoints"),
    ({ items }) => items.some(({ health }) => health === "failing"));
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

/** The rectangles of all that a selector finds. */
const boxes = (page, selector) => page.$$eval(selector, (all) => all.map((one) => {
  const { left, right, top, width } = one.getBoundingClientRect();
  return { left, right, top, width };
}));

for (const width of [1024, 1280]) {
  test(`a10_one_long_id_leaves_the_other_columns_of_timers_their_room_${width}`, async () => {
    const { page, complaints, close } = await openPage(browser, server, { width });
    await page.goto(`${server.base}/console/timers`);
    await seeText(page, "RRRR", ".table td");
    const heads = (await boxes(page, ".table th")).filter((one) => one.width > 0);
    assert.ok(heads.every(({ right }) => right <= width), "each column is in the window");
    const [told] = await boxes(page, ".table th.is-told");
    assert.ok(told && told.width >= 150, `what it is can be read: ${told?.width} px`);
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });
}

for (const language of ["en", "es", "pt"]) {
  test(`a21_a_group_that_wants_attention_keeps_its_words_whole_${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, server, { key: "", language });
    await enter(page, server, "operator", "/console/overview");
    await see(page, ".attention > li > .button");
    const texts = await boxes(page, ".attention > li > .grow");
    assert.ok(texts.every(({ width }) => width >= 160), JSON.stringify(texts));
    const isOut = await page.$$eval(".attention > li > *", (all) => all.some((one) =>
      one.getBoundingClientRect().right > one.parentElement.getBoundingClientRect().right + 1));
    assert.equal(isOut, false);
    assert.deepEqual(complaints, []);
    await close();
  });

  test(`a10_on_a_phone_a_destination_that_fails_can_be_told_from_others_${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, server,
      { key: "", language, width: 390, height: 844 });
    await enter(page, server, "operator", "/console/endpoints");
    await see(page, ".table .pill.bad");
    const links = await boxes(page, ".table td.is-link");
    assert.ok(links.every(({ width }) => width >= 120), JSON.stringify(links));
    const [, reason] = await page.$$eval(".table tr:has(.pill.bad) .is-split .cell-two > *",
      (all) => all.map((one) => ({ width: one.scrollWidth - one.clientWidth, text: one.textContent })));
    assert.ok(reason.text && reason.width <= 0, "why it is so can be read to its end");
    const tools = await boxes(page, ".filters .end > *");
    const [first] = tools;
    assert.ok(tools.every(({ top }) => Math.abs(top - first.top) < 20), "what is done stands on one line");
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a21_on_a_phone_the_bar_is_two_rows_however_long_a_tenants_id_is", async () => {
  const id = `osteria-${"x".repeat(40)}`;
  await server.askAsAdmin("POST", "/api/v1/admin/tenants", { id });
  const { page, complaints, close } = await openPage(browser, server, { width: 390, height: 844 });
  await page.evaluate((id) => sessionStorage.setItem("sereno.tenant", id), id);
  await page.goto(`${server.base}/console/reservations`);
  await see(page, ".bar-tenant select");
  const [bar] = await page.$$eval(".bar", (all) => all.map((one) => one.getBoundingClientRect().height));
  assert.ok(bar < 110, `one row for the tenant and what is at hand, one to search: ${bar} px`);
  const ends = await boxes(page, ".bar > *");
  assert.ok(ends.every(({ right }) => right <= 390), "all of it is in the window");
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_on_a_phone_no_word_of_an_endpoints_history_is_broken", async () => {
  const { page, complaints, close } = await openPage(browser, server,
    { key: "", language: "es", width: 390, height: 844 });
  await enter(page, server, "operator", "/console/endpoints/1");
  await see(page, ".mini-list .pill");
  const heights = await page.$$eval(".mini-list .pill", (all) => all.map((one) => one.clientHeight));
  assert.ok(heights.every((height) => height <= 24), `each status is one line: ${heights}`);
  const names = await page.$$eval(".mini-list a.grow", (all) => all.map((one) =>
    one.scrollWidth - one.clientWidth));
  assert.ok(names.length > 0 && names.every((over) => over <= 0), "each type can be read to its end");
  const figures = await boxes(page, ".figures .figure");
  const [, , third] = figures;
  const rights = figures.filter((_, place) => place % 3 === 2).map(({ right }) => Math.round(right));
  assert.ok(figures.length % 3 === 0 && rights.every((right) => right === Math.round(third.right)),
    "figures fill their rows");
  assert.deepEqual(complaints, []);
  await close();
});

for (const language of ["en", "es", "pt"]) {
  test(`a10_what_may_be_done_with_a_handoff_is_within_its_row_${language}`, async () => {
    const { page, complaints, close } = await openPage(browser, server, { key: "", language });
    await enter(page, server, "operator", "/console/handoffs");
    await see(page, ".table .is-acts .button");
    const [box] = await boxes(page, ".table-box");
    const buttons = await boxes(page, ".table .is-acts .button");
    assert.ok(buttons.every(({ right }) => right <= box.right), JSON.stringify(buttons));
    const small = await boxes(page, ".table .is-acts .icon-only");
    assert.ok(small.length > 0 && small.every(({ width }) => width >= 24), "none is squeezed");
    assert.deepEqual(complaints, []);
    await close();
  });
}
