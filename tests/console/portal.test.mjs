// The portal inside a customer's own page: an origin that the tenant names shows it and works with
// it, any other is refused by the browser, and what is inside reaches one tenant alone.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver, startServer,
} from "./world.mjs";

let server;
let receiver;
let browser;
let partner;
before(async () => {
  [receiver, browser, server, partner] = await Promise.all([
    startReceiver(), startBrowser(), startServer(), startPartner(),
  ]);
  receiver.status = 500;
  await server.ask("POST", "/api/v1/admin/notify/endpoints", {
    kind: "webhook", target: `${receiver.url}/till`, filters: { events: ["client.*"] },
    retry: { first: "100ms", attempts: 1 },
  });
  await server.ask("POST", "/api/v1/events", {
    event_id: "ours", event_type: "client.created", data: { name: "Ana" },
  });
  await server.askAsAdmin("POST", "/api/v1/admin/tenants", { id: "neighbour" });
  await server.askAsAdmin("POST", "/api/v1/events", {
    event_id: "theirs", event_type: "client.updated", data: { name: "Benito" },
  }, "neighbour");
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { embedding: [partner.origin] });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop(), partner?.stop()]);
});

/** A customer's site: each path is a page that shows in a frame what its query names. */
async function startPartner() {
  const site = http.createServer((request, response) => {
    const shown = new URL(request.url ?? "/", "http://localhost").searchParams.get("shows") ?? "";
    const quoted = shown.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<!doctype html><title>Partner</title><h1>Partner</h1>
      <iframe src="${quoted}" title="Sereno" width="1100" height="700"></iframe>`);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {any} */ (site.address());
  return {
    // Another site than the server's 127.0.0.1, and the same under a name that nobody named.
    origin: `http://localhost:${port}`, unnamed: `http://127.0.0.1:${port}`,
    stop: () => new Promise((resolve) => {
      site.closeAllConnections();
      site.close(() => resolve(null));
    }),
  };
}

/** A link, as the API gives it. */
async function link(body) {
  return (await server.ask("POST", "/api/v1/admin/links", body)).link.url;
}

/** Opens a page of the partner's that frames an address. */
async function frameOf(page, origin, shows) {
  await page.goto(`${origin}/?${new URLSearchParams({ shows })}`);
  const handle = await page.waitForSelector("iframe");
  return handle.contentFrame();
}

/** What the browser says of a frame that it does not show. */
function refusals(page) {
  const said = [];
  page.on("console", (message) => {
    if (/frame-ancestors/.test(message.text())) said.push(message.text());
  });
  return said;
}

test("a21_a_page_that_the_tenant_names_shows_its_portal_and_works_with_it", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  const refused = refusals(page);
  const address = await link({ role: "operator", portal: true, next: "/console/deliveries" });
  assert.ok(address.includes("/console/enter?for="), address);
  const frame = await frameOf(page, partner.origin, address);
  await seeText(frame, "Deliveries", "h1");
  await seeText(frame, "client.created", ".table tbody");
  await seeText(frame, "Given up", ".table tbody");
  assert.equal(await frame.$eval(".bar", (bar) => bar.checkVisibility()), false,
    "the page around has a bar of its own");
  const cookies = (await page.browserContext().cookies())
    .filter(({ name }) => name === "sereno_session");
  assert.deepEqual(cookies.map(({ sameSite, secure, httpOnly }) => [sameSite, secure, httpOnly]),
    [["None", true, true]]);
  assert.ok(JSON.stringify(cookies[0].partitionKey).includes("localhost"), "of that page alone");

  // It goes on to another screen and acts, all inside the frame.
  receiver.status = 200;
  await click(frame, ".table .row-link");
  await press(frame, "Retry now", ".drawer");
  await seeText(frame, "Delivered", ".drawer .detail-head");
  await click(frame, '.nav-link[href="/console/events"]');
  await seeText(frame, "client.created", ".table tbody");
  assert.equal(await frame.$eval(".table", (table) =>
    table.textContent?.includes("client.updated")), false);

  // What is not the portal's, and what is another tenant's, is not for it.
  const statuses = await frame.evaluate(async (paths) => {
    const ask = async ([path, headers]) => (await fetch(path, { headers })).status;
    return Promise.all(paths.map(ask));
  }, [
    ["/api/v1/events/ours", {}], ["/api/v1/events/theirs", {}],
    ["/api/v1/deliveries", { "x-tenant": "neighbour" }], ["/api/v1/reservations", {}],
    ["/api/v1/admin/tenants", {}],
  ]);
  assert.equal(statuses[0], 200);
  assert.equal(statuses[1], 404, "another tenant's event is not there");
  for (const status of statuses.slice(2)) assert.equal(status, 403, `${statuses}`);

  // The page is loaded anew with the link that it has: it is used up, the session is not.
  const again = await frameOf(page, partner.origin, address);
  await seeText(again, "client.created", ".table tbody");
  assert.deepEqual(refused, []);

  // The cookie is that frame's alone: beside it nobody is signed in.
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, "[name=key]");
  await close();
});

test("a21_a_portal_whose_session_is_over_says_so_in_its_frame", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  const frame = await frameOf(page, partner.origin, await link({ role: "viewer", portal: true }));
  await seeText(frame, "Deliveries", "h1");
  await frame.evaluate(async () => {
    const { session } = await (await fetch("/api/v1/session")).json();
    await fetch("/api/v1/session",
      { method: "DELETE", headers: { "x-csrf-token": session.csrf } });
    // What is live ends with its session: the frame may say so before anybody asks.
    const link = document.querySelector('.nav-link[href="/console/events"]');
    if (link instanceof HTMLElement) link.click();
  });
  await seeText(frame, "This portal's session is over", ".state");
  await close();
});

for (const [language, said] of Object.entries({
  es: "Este enlace ha caducado", en: "This link has expired", pt: "Este link expirou",
})) {
  test(`a21_a_link_whose_time_is_over_says_so_in_its_frame_${language}`, async () => {
    const { page, close } = await openPage(browser, server, { key: "" });
    await page.setExtraHTTPHeaders({ "accept-language": language });
    const refused = refusals(page);
    const address = await link({ role: "viewer", portal: true, expires_in: "1s" });
    await until(async () => (await fetch(address)).headers.get("content-security-policy"),
      (policy) => policy.includes("frame-ancestors 'none'"));
    const frame = await frameOf(page, partner.origin, address);
    await seeText(frame, said, "h1");
    assert.equal(await frame.$("script"), null);
    assert.deepEqual(refused, [], "those whom the tenant names may say so");
    // Elsewhere it stays what it was: nothing at all.
    const other = await frameOf(page, partner.unnamed, address);
    await page.waitForFunction(() => document.readyState === "complete");
    const shown = await other.evaluate(() => document.querySelector("h1")?.textContent ?? "")
      .catch(() => "");
    assert.notEqual(shown, said);
    assert.equal(refused.length, 1, `${refused}`);
    await close();
  });
}

test("f08_the_portal_names_the_zones_in_which_it_tells_times", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  await server.ask("PATCH", "/api/v1/admin/tenants/default", { timezone: "Pacific/Auckland" });
  const frame = await frameOf(page, partner.origin, await link({ role: "viewer", portal: true }));
  for (const screen of ["deliveries", "events", "dead-letters", "endpoints"]) {
    await click(frame, `.nav-link[href="/console/${screen}"]`);
    await see(frame, ".page h1");
    await seeText(frame, "Pacific/Auckland", ".zones");
    const notes = await frame.$$eval(".zones", (all) =>
      all.filter((one) => one.checkVisibility()).length);
    assert.equal(notes, 1, screen);
  }
  await close();
});

test("a21_a_page_that_the_tenant_does_not_name_shows_no_portal", async () => {
  const { page, close } = await openPage(browser, server, { key: "" });
  const refused = refusals(page);
  const shown = async (origin, address) => {
    const frame = await frameOf(page, origin, address);
    await page.waitForFunction(() => document.readyState === "complete");
    return frame.evaluate(() => document.querySelector("#app") !== null).catch(() => false);
  };
  const portal = await link({ role: "viewer", portal: true });
  assert.equal(await shown(partner.unnamed, portal), false);
  assert.equal(refused.length, 1, `${refused}`);
  // The console itself is in nobody's frame.
  assert.equal(await shown(partner.origin, await link({ role: "viewer" })), false);
  assert.equal(await shown(partner.origin, `${server.base}/console`), false);
  assert.equal(refused.length, 3, `${refused}`);
  // The link that a refused page carried was not used up by it.
  const frame = await frameOf(page, partner.origin, portal);
  await seeText(frame, "Deliveries", "h1");
  await close();
});
