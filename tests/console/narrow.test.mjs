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
