// Small habits on which people rely: the way back leads to where they were, keys too, and what they
// wrote stays.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startServer,
} from "./world.mjs";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  await server.ask("POST", "/api/v1/events", Array.from({ length: 150 }, (_, index) => (
    { event_id: `e${index}`, event_type: "client.created", data: { index } })));
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

test("a21_the_way_back_leads_to_where_somebody_was_in_a_list", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/events`);
  await see(page, ".table .row-link");
  for (const place of [2_000, 4_000, 6_000]) {
    await page.evaluate((place) => scrollTo(0, place), place);
    await page.waitForFunction((place) => {
      scrollTo(0, place);
      return scrollY >= place - 2;
    }, {}, place);
  }
  await page.waitForFunction(() => history.state?.scroll >= 5_900);
  await page.evaluate(() => /** @type {any} */ (document.querySelector(
    'nav a[href="/console/deliveries"]')).click());
  await seeText(page, "Deliveries", "h1");
  await page.waitForFunction(() => scrollY === 0);
  await page.goBack();
  await seeText(page, "Events", "h1");
  await page.waitForFunction(() => scrollY >= 5_900);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_escape_gives_the_focus_to_the_row_that_was_looked_at_last", async () => {
  const { page, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/events`);
  await click(page, ".table .row-link");
  await see(page, ".drawer .facts");
  const open = () => page.evaluate(() => new URLSearchParams(location.search).get("open"));
  const first = await open();
  await page.keyboard.press("j");
  await page.waitForFunction((first) => !location.search.includes(`open=${first}&`)
    && new URLSearchParams(location.search).get("open") !== first, {}, first);
  const second = await open();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector(".drawer"));
  assert.equal(await page.evaluate(() =>
    document.activeElement?.closest("tr")?.getAttribute("data-id")), second);
  await close();
});

test("a21_the_way_back_never_opens_again_what_was_closed", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, ".list");
  await click(page, 'nav a[href="/console/events"]');
  await see(page, ".table .row-link");
  const before = await page.evaluate(() => history.length);
  const open = async (place) => {
    await page.evaluate((place) => /** @type {any} */ (
      document.querySelectorAll(".table .row-link")[place]).click(), place);
    await see(page, ".drawer .facts");
  };
  const closed = () => page.waitForFunction(() => !document.querySelector(".drawer"));
  for (const place of [0, 1, 2]) {
    await open(place);
    await page.keyboard.press("Escape");
    await closed();
  }
  assert.equal(await page.evaluate(() => history.length), before + 1, "however many were looked at");
  await open(3);
  await page.goBack();
  await closed();
  await page.goBack();
  await seeText(page, "Deliveries", "h1");
  assert.equal(await page.$(".drawer"), null);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_a_session_that_ends_leaves_what_somebody_wrote", async () => {
  const { page, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/endpoints`);
  await press(page, "Register an integration", ".page-head");
  const target = await see(page, "dialog [name=target]");
  await target.type("https://till.example/hook");
  await page.deleteCookie(...await page.cookies());
  await page.evaluate(() => /** @type {any} */ (document.querySelector("dialog form")).requestSubmit());
  await seeText(page, "Your session is over", "dialog");
  await (await see(page, "dialog .again [name=key]")).type(server.admin);
  await press(page, "Sign in", "dialog .again");
  await page.waitForFunction(() => !document.querySelector(".again"));
  assert.equal(await page.$eval("dialog [name=target]", (one) => /** @type {any} */ (one).value),
    "https://till.example/hook");
  await close();
});

test("a21_what_is_new_counts_each_row_once", async () => {
  const { page, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/deliveries`);
  await seeText(page, "Live", ".live");
  await press(page, "Live", ".list");
  await seeText(page, "Paused", ".live");
  // A door that is closed: tried, refused, and set for the next try.
  await server.ask("POST", "/api/v1/admin/notify/endpoints", { kind: "webhook",
    target: "http://127.0.0.1:1/none", retry: { first: "1s", attempts: 3 } });
  await server.ask("POST", "/api/v1/events", { event_type: "client.created", data: {} });
  await until(() => server.ask("GET", "/api/v1/dead-letters"), ({ items }) => items.length === 1);
  await seeText(page, "1 new", ".new-rows");
  await close();
});

test("a21_an_empty_list_names_the_tenant_that_is_looked_at", async () => {
  const response = await fetch(`${server.base}/api/v1/admin/tenants`, { method: "POST",
    headers: { authorization: `Bearer ${server.admin}` }, body: JSON.stringify({ id: "other" }) });
  assert.ok(response.ok);
  const { page, close } = await openPage(browser, server);
  await page.waitForSelector(".bar-tenant option[value=other]");
  await Promise.all([page.waitForNavigation(), page.select(".bar-tenant select", "other")]);
  await page.goto(`${server.base}/console/events`);
  await seeText(page, 'sereno send --tenant other --key "$SERENO_API_KEY" client.created', ".command");
  await page.goto(`${server.base}/console/inbound`);
  await seeText(page, "/webhooks/whatsapp/other", ".command");
  await close();
});
