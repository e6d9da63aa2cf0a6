// When the server is ill: each state is told as what it is, and there is a way on.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import {
  click, keepFailures, openPage, press, see, seeText, startBrowser, startServer,
} from "./world.mjs";

let server;
let browser;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop()]);
});

/** Takes requests that fit out of the page's hands until `give` is called. */
async function hold(page, fits, answer) {
  await page.setRequestInterception(true);
  let isHeld = true;
  page.on("request", (request) => {
    if (!isHeld || !fits(request)) return request.continue();
    return answer ? request.respond(answer) : null;
  });
  return () => (isHeld = false);
}

const isSession = (method) => (request) =>
  request.method() === method && request.url().endsWith("/api/v1/session");
const problem = (status) => ({ status, contentType: "application/problem+json",
  body: JSON.stringify({ detail: `told ${status}` }) });

for (const status of [403, 429, 500, 503]) {
  test(`a21_a_session_that_cannot_be_asked_for_is_no_sign_out_${status}`, async () => {
    const { page, close } = await openPage(browser, server);
    const give = await hold(page, isSession("GET"), problem(status));
    await page.goto(`${server.base}/console/events`);
    await seeText(page, `told ${status}`, ".state.is-error");
    assert.equal(await page.$("[name=key]"), null, "nobody is asked for a key");
    give();
    await press(page, "Try again", ".state");
    await seeText(page, "Events", "h1");
    await close();
  });
}

for (const [language, file, said, again] of [
  ["en", "/app.js", "The console does not come", "Try again"],
  ["es", "/lib/router.js", "La consola no llega", "Reintentar"],
  ["pt", "/words/pt/common.js", "O console não chega", "Tentar de novo"],
]) {
  test(`a21_a_first_file_that_does_not_come_ends_in_the_error_state_with_a_retry ${file}`, async () => {
    const { page, close } = await openPage(browser, server, { key: "", language });
    const give = await hold(page, (request) => request.url().endsWith(file));
    const going = page.goto(`${server.base}/console/events`).catch(() => {});
    await seeText(page, said, ".state.is-error h1");
    give();
    await press(page, again, ".state");
    await see(page, "[name=key]");
    await going;
    await close();
  });
}

test("a21_a_request_that_is_not_answered_ends_in_the_error_state_with_a_retry", async () => {
  const { page, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/deliveries`);
  await see(page, ".list");
  const give = await hold(page, (request) => request.url().includes("/api/v1/reservations"));
  await click(page, 'nav a[href="/console/reservations"]');
  await seeText(page, "did not answer within 15 sec", ".state.is-error");
  give();
  await press(page, "Try again", ".state");
  await seeText(page, "No bookings yet", ".state");
  await close();
});

for (const file of ["/screens/templates.js", "/words/en/templates.js"]) {
  test(`a21_a_screen_that_does_not_come_ends_in_the_error_state_with_a_retry ${file}`, async () => {
    const { page, close } = await openPage(browser, server);
    await page.goto(`${server.base}/console/deliveries`);
    await see(page, ".list");
    await page.setRequestInterception(true);
    const held = [];
    let isHeld = true;
    page.on("request", (request) => {
      if (isHeld && request.url().endsWith(file)) held.push(request);
      else request.continue();
    });
    await click(page, 'nav a[href="/console/templates"]');
    await seeText(page, "did not answer within 15 sec", ".state.is-error");
    assert.equal(held.length, 1);
    // The server goes on, and what it was asked for comes.
    isHeld = false;
    for (const request of held) await request.continue();
    await press(page, "Try again", ".state");
    await seeText(page, "Templates", "h1");
    await close();
  });
}

test("a21_the_live_tail_says_that_it_lost_the_server", async () => {
  const other = await startServer();
  const { page, close } = await openPage(browser, other);
  await page.goto(`${other.base}/console/deliveries`);
  await seeText(page, "Live", ".live");
  await other.stop();
  await seeText(page, "Connection lost", ".live");
  await close();
});

/** A server at the place of one that was stopped, on what that one kept. */
async function restartable(folder) {
  const first = await startServer({}, folder);
  const place = new URL(first.base).host;
  return { ...first, again: () => startServer({ SERENO_LISTEN: place }, folder) };
}

test("a21_a_server_that_is_down_is_told_as_such_and_the_screen_comes_back_by_itself", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "sereno-console-"));
  const first = await restartable(folder);
  const { page, close } = await openPage(browser, first);
  await page.goto(`${first.base}/console/deliveries`);
  await seeText(page, "Live", ".live");
  await first.stop();
  await seeText(page, "The server does not answer", ".banner");
  // A screen of which no file is there yet, and then one whose list alone is missing.
  await click(page, 'nav a[href="/console/leads"]');
  await seeText(page, "The server does not answer", ".state.is-error");
  assert.equal(await page.evaluate(() => document.body.textContent?.includes("new version")), false);
  const second = await first.again();
  await seeText(page, "Leads", "h1");
  await page.waitForFunction(() => !document.querySelector(".banner"));
  await click(page, 'nav a[href="/console/deliveries"]');
  await seeText(page, "Live", ".live");
  await second.stop();
  await seeText(page, "The server does not answer", ".banner");
  await click(page, 'nav a[href="/console/leads"]');
  await seeText(page, "The server does not answer", ".state.is-error");
  const third = await first.again();
  await page.waitForFunction(() => !document.querySelector(".state.is-error, .banner"));
  await seeText(page, "Leads", "h1");
  await close();
  await third.stop();
  await rm(folder, { recursive: true });
});

test("a21_a_sign_out_that_failed_is_told_and_can_be_tried_again", async () => {
  const { page, close } = await openPage(browser, server);
  const give = await hold(page, isSession("DELETE"), problem(503));
  await press(page, "Signed in: admin", ".bar");
  await press(page, "Sign out", ".menu-sheet");
  await seeText(page, "You are still signed in", "dialog");
  await seeText(page, "told 503", "dialog");
  give();
  await press(page, "Try again", "dialog");
  await see(page, "[name=key]");
  await close();
});

for (const where of ["deliveries?from=bad&to=worse", "reservations?from=zz", "events?since=foo",
  "reservations?within=foo", "handoffs?whose=foo"]) {
  test(`a21_a_filter_that_makes_no_sense_is_told_as_such_and_cleared_${where}`, async () => {
    const { page, complaints, close } = await openPage(browser, server);
    await page.goto(`${server.base}/console/${where}`);
    await seeText(page, "This filter makes no sense", ".state");
    await press(page, "Clear filters", ".state");
    await page.waitForFunction(() => location.search === "");
    await page.waitForFunction(() =>
      !document.querySelector("main")?.textContent?.includes("makes no sense"));
    assert.deepEqual(complaints, []);
    await close();
  });
}

test("a21_a_week_or_a_template_that_cannot_be_is_told_with_a_way_on", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reports?week=zz`);
  await seeText(page, "This filter makes no sense", ".state");
  await press(page, "Clear filters", ".state");
  await page.waitForFunction(() => !new URLSearchParams(location.search).has("week"));
  for (const name of ["zz", "a.b~fax~en", "a.b~email~xx"]) {
    await page.goto(`${server.base}/console/templates/${name}`);
    await seeText(page, "There is no such template", ".state");
  }
  await press(page, "See all templates", ".state");
  await see(page, ".table .row-link");
  assert.deepEqual(complaints, []);
  await close();
});
