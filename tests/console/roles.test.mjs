// Who may what: a one-time link lets in once and leads where it says; a viewer sees everything and
// is offered nothing that changes it; the portal is one tenant's four screens; what is personal is
// masked.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

const NAME = "Ana García";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  await server.ask("POST", "/api/v1/admin/notify/endpoints", {
    kind: "webhook", target: `${receiver.url}/till`, filters: { events: ["client.*"] },
  });
  await server.ask("POST", "/api/v1/events", {
    event_id: "ana", event_type: "client.created", data: { name: NAME },
  });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

/** A link for a role, as the address that a browser is to open. */
async function link(body) {
  const { link: made } = await server.ask("POST", "/api/v1/admin/links", body);
  const { pathname, hash } = new URL(made.url);
  return server.base + pathname + hash;
}

test("a21_a_viewer_comes_in_by_a_link_once_and_is_offered_no_change", async () => {
  const address = await link({ role: "viewer", next: "/console/endpoints" });
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await page.goto(address);
  await seeText(page, "Integrations", "h1");
  assert.equal(new URL(page.url()).hash, "", "the token is no longer in the address");
  await click(page, ".table .row-link");
  await see(page, ".drawer .facts");
  const offered = await page.$$eval("main button, .drawer button", (all) =>
    all.map((one) => one.textContent?.trim()));
  for (const action of ["Register an integration", "Test", "Recover", "Disable", "Edit"]) {
    assert.ok(!offered.includes(action), `${action} is offered: ${offered}`);
  }
  const status = await page.evaluate(async () => {
    const { session } = await (await fetch("/api/v1/session")).json();
    const headers = { "x-csrf-token": session.csrf };
    const path = "/api/v1/admin/notify/endpoints/1/toggle";
    return (await fetch(path, { method: "POST", headers })).status;
  });
  assert.equal(status, 403, "the server refuses it too");
  await close();

  const again = await openPage(browser, server, { key: "" });
  await again.page.goto(address);
  await seeText(again.page, "The link does not work", ".hint-box");
  await again.close();
  assert.deepEqual(complaints.filter((one) => !one.includes("403")), []);
});

test("a21_a_request_without_the_guard_against_forgery_changes_nothing", async () => {
  const { page, close } = await openPage(browser, server);
  const status = await page.evaluate(async () =>
    (await fetch("/api/v1/admin/notify/endpoints/1/toggle", { method: "POST" })).status);
  assert.equal(status, 403);
  const cookie = await page.evaluate(() => document.cookie);
  assert.equal(cookie, "", "no script reads the session's cookie");
  await close();
});

test("a21_a_viewer_is_told_what_is_not_for_them_and_is_sent_for_no_key", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await page.goto(await link({ role: "viewer" }));
  await see(page, ".bar");
  for (const [screen, name] of [["audit", "Audit log"], ["tenants", "Tenants and keys"]]) {
    await page.goto(`${server.base}/console/${screen}`);
    await seeText(page, `“${name}” is not for your role`, ".state");
  }
  await page.goto(`${server.base}/console/nowhere`);
  await seeText(page, "There is no screen at /console/nowhere", ".state");
  for (const screen of ["events", "dead-letters"]) {
    await page.goto(`${server.base}/console/${screen}`);
    await see(page, ".page-head h1");
    const offered = await page.$$eval(".page-head button", (all) => all.map((one) => one.textContent?.trim()));
    assert.ok(!offered.includes("Export"), offered.join());
  }
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_the_portal_is_four_screens_of_one_tenant", async () => {
  const { page, complaints, close } = await openPage(browser, server, { key: "" });
  await page.goto(await link({ role: "operator", portal: true }));
  await seeText(page, "Deliveries", "h1");
  const screens = await page.$$eval(".nav-link",
    (all) => all.map((one) => one.getAttribute("href")));
  assert.deepEqual(screens, ["deliveries", "events", "dead-letters", "endpoints"]
    .map((name) => `/console/${name}`));
  await page.goto(`${server.base}/console/system`);
  await seeText(page, "There is no screen", ".state");
  assert.deepEqual(complaints, []);
  await close();
});

test("a21_personal_data_is_masked_until_somebody_asks_which_is_written_down", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/events/ana`);
  await see(page, ".payload pre");
  const masked = await page.$eval(".payload pre", (one) => one.textContent ?? "");
  assert.ok(!masked.includes(NAME), masked);
  await press(page, "Show personal data", ".detail");
  await seeText(page, NAME, ".payload pre");
  const { items } = await server.ask("GET", "/api/v1/audit");
  assert.ok(JSON.stringify(items).includes("reveal"), JSON.stringify(items).slice(0, 500));
  assert.deepEqual(complaints, []);
  await close();
});
