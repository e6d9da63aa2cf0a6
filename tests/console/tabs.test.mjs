// Two tabs of one browser, and work on exactly what the filters in the address choose.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  receiver.status = 404;
  await server.askAsAdmin("POST", "/api/v1/admin/tenants", { id: "other" });
  for (const tenant of ["default", "other"]) {
    await server.askAsAdmin("POST", "/api/v1/admin/notify/endpoints",
      { kind: "webhook", target: `${receiver.url}/of-${tenant}` }, tenant);
  }
  await server.ask("POST", "/api/v1/events", ["one", "two"].map((id) => (
    { event_id: id, event_type: "client.created", data: { id } })));
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

/** The tenants that the page acts on, by what it sends. */
function tenantsAsked(page) {
  const asked = new Set();
  page.on("request", (request) => {
    const tenant = request.headers()["x-tenant"];
    if (tenant) asked.add(tenant);
  });
  return asked;
}

test("a21_a_tab_acts_on_the_tenant_that_it_shows_whatever_another_tab_looks_at", async () => {
  const { page: one, close } = await openPage(browser, server);
  await one.goto(`${server.base}/console/endpoints`);
  await seeText(one, "/of-default", ".table");
  const other = await one.browserContext().newPage();
  await other.goto(`${server.base}/console/endpoints`);
  await other.waitForSelector(".bar-tenant option[value=other]");
  await Promise.all([other.waitForNavigation(), other.select(".bar-tenant select", "other")]);
  await seeText(other, "/of-other", ".table");

  const asked = tenantsAsked(one);
  await one.bringToFront();
  await click(one, 'nav a[href="/console/deliveries"]');
  await see(one, ".table .row-link");
  await click(one, 'nav a[href="/console/endpoints"]');
  await seeText(one, "/of-default", ".table");
  await one.reload();
  await seeText(one, "/of-default", ".table");
  // What is behind another tab is not drawn, and cannot be seen.
  await other.bringToFront();
  await other.reload();
  await seeText(other, "/of-other", ".table");
  assert.deepEqual([...asked], ["default"]);
  await close();
});

test("a21_what_is_tried_again_of_one_event_is_that_event_alone", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: server.key });
  await page.goto(`${server.base}/console/deliveries?event_id=one`);
  await seeText(page, "Given up", ".table");
  const before = receiver.got.length;
  await press(page, "Retry all given up");
  await seeText(page, "1 ", ".dialog, dialog");
  await press(page, "Retry them", ".dialog, dialog");
  await seeText(page, "1 of 1", ".dialog, dialog");
  await until(async () => receiver.got.length, (count) => count > before);
  const tried = receiver.got.slice(before).map(({ body }) => JSON.parse(body).event_id);
  assert.deepEqual(tried, ["one"]);
  assert.deepEqual(complaints, []);
  await close();
});
