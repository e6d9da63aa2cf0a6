// What must not happen: text that is markup becomes markup, an address that makes no sense breaks
// the page, a server that goes away is not noticed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

const MARKUP = '<img src=x onerror="globalThis.wasRun = true"><script>globalThis.wasRun = true</script>';

/** The same, as short as a word that says how something stands. */
const SHORT = "<script>wasRun=1</script>";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

test("a21_text_that_is_markup_stays_text", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await server.ask("POST", "/api/v1/events", {
    event_id: MARKUP.slice(0, 100), event_type: "client.created",
    data: { product_id: MARKUP, status: SHORT },
  });
  await page.goto(`${server.base}/console/events`);
  await seeText(page, "<img src=x", ".table tbody");
  await click(page, ".table .row-link");
  await seeText(page, "<script>", ".drawer .payload");
  assert.equal(await page.evaluate(() => Reflect.get(globalThis, "wasRun")), undefined);
  assert.equal(await page.$(".drawer img, .table img"), null);
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_an_address_that_makes_no_sense_says_so_and_leads_on", async () => {
  const { page, close } = await openPage(browser, server);
  const refused = [
    "/console/deliveries?status=nonsense", "/console/deliveries?from=yesterday",
    "/console/events?type=..", "/console/deliveries/msg_nothing", "/console/endpoints/99",
    "/console/events/%ff", "/console/nowhere/at/all",
  ];
  for (const path of refused) {
    await page.goto(server.base + path);
    await see(page, ".state .button").catch(() => assert.fail(`${path} says nothing`));
  }
  await page.goto(`${server.base}/console/deliveries?status=nonsense`);
  await seeText(page, "status", ".state");
  // Nothing is wrong with the server, and the way on is to take the filter out.
  await seeText(page, "This filter makes no sense", ".state");
  assert.equal(await page.$(".state.is-error"), null);
  await press(page, "Clear filters", ".state");
  await seeText(page, "No deliveries yet", ".state");
  await page.goto(`${server.base}/console/deliveries?status=nonsense`);
  await click(page, ".chip");
  await page.waitForFunction(() => !location.search.includes("nonsense"));
  await close();
});

test("a21_a_server_that_is_away_is_told_of_and_found_again", async () => {
  const { page, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, ".list");
  await page.setOfflineMode(true);
  await press(page, "Reload", ".list");
  await seeText(page, "The server does not answer", ".state");
  await page.setOfflineMode(false);
  await press(page, "Try again", ".state");
  await seeText(page, "No deliveries yet", ".state");
  await close();
});
