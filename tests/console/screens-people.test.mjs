// What a manager does with people: bookings, guests who wait, timers, threads, and one history for
// each.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { book, connectLine, statusOf, until, writes } from "./people.mjs";
import {
  click, findings, keepFailures, openPage, press, see, seeText, startBrowser, startReceiver,
  startServer, write,
} from "./world.mjs";

const ANA = "34600000001";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser] = await Promise.all([startReceiver(), startBrowser()]);
  server = await startServer({ SERENO_GRAPH_URL: receiver.url });
  await connectLine(server);
  await book(server, "R-1", "Ana", 30, { wa_number: `+${ANA}` });
  await book(server, "R-2", "Bruno", 50);
  await server.ask("POST", "/api/v1/events", {
    event_type: "handoff.opened", data: { conversation_id: "chat-1", reason: "wants a person" },
  });
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

const shown = (id) => server.ask("GET", `/api/v1/reservations/${id}`);

/** Waits until this state is lit in the drawing, which is drawn anew meanwhile. */
const lit = (page, state) => seeText(page, state, ".machine-state.is-here text");

test("a07_a_booking_is_confirmed_moved_and_cancelled_by_hand_and_drawn", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reservations?open=R-1`);
  await see(page, ".drawer .machine-state.is-here");
  await lit(page, "Booked");
  await press(page, "Confirm", ".drawer");
  await seeText(page, "Confirmed by an operator", ".drawer .step");
  await lit(page, "Confirmed");
  assert.equal((await shown("R-1")).status, "confirmed");

  await press(page, "Reschedule", ".drawer");
  await see(page, "dialog .input");
  await write(page, "Notes", "by the window");
  await page.$eval("dialog [name=date_time]", (input) => {
    input.value = new Date(Date.now() + 40 * 3_600_000).toISOString().slice(0, 16);
  });
  await press(page, "Reschedule", "dialog");
  await seeText(page, "Moved to another slot", ".drawer .step");
  await lit(page, "Booked");
  assert.equal((await shown("R-1")).notes, "by the window");

  await press(page, "Cancel booking", ".drawer");
  await seeText(page, "R-1", "dialog p");
  await press(page, "Cancel booking", "dialog");
  await seeText(page, "Cancelled by an operator", ".drawer .step");
  await lit(page, "Cancelled");
  const buttons = await page.$$eval(".drawer .button", (all) => all.map((one) => one.textContent));
  assert.ok(!buttons.includes("Confirm"), "what the rules do not allow is not offered");
  assert.deepEqual(complaints, []);
  await close();
});

test("a10_a_guest_who_waits_has_a_clock_that_stops_with_the_reply", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/handoffs`);
  const clock = await see(page, ".table .clock[data-kind=left]");
  const before = await clock.$eval(".clock-digits", (element) => element.textContent);
  await page.waitForFunction((before) =>
    document.querySelector(".table .clock-digits")?.textContent !== before, {}, before);
  await click(page, ".table .row-link");
  await see(page, ".drawer .clock.is-big");
  await press(page, "Mark replied", ".drawer");
  await seeText(page, "A person replied", ".drawer .step");
  assert.equal(await page.$(".drawer .clock"), null);
  assert.equal((await server.ask("GET", "/api/v1/handoffs/chat-1")).status, "replied");
  assert.deepEqual(complaints, []);
  await close();
});

test("f01_what_will_happen_in_a_time_is_a_filter_that_stands_in_the_address", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/timers?reservation_id=R-2`);
  await see(page, ".table .row-link");
  const asked = page.waitForRequest((one) => /timers\?.*from=.*&to=/.test(one.url()));
  await page.select("[name=within]", "last_7d");
  await asked;
  await page.waitForFunction(() => document.querySelectorAll(".table .row-link").length === 0);
  assert.equal(new URL(page.url()).searchParams.get("within"), "last_7d");
  assert.deepEqual(await findings(page), []);
  await page.select("[name=within]", "next_30d");
  await see(page, ".table .row-link");
  assert.deepEqual(complaints, []);
  await close();
});

test("f01_timers_are_seen_by_the_hour_and_the_week_fired_and_cancelled", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/timers?reservation_id=R-2`);
  await seeText(page, "Next 24 hours", "figcaption");
  await click(page, ".table .row-link");
  await see(page, ".drawer .clock");
  await press(page, "Fire now", ".drawer");
  await press(page, "Fire now", "dialog");
  await seeText(page, "It has fired", ".notice");
  const fired = await until(() => shown("R-2"), ({ reminders }) => reminders[0].state === "sent");
  assert.equal(fired.reminders[1].state, "pending");

  await page.goto(`${server.base}/console/timers?view=week&week=${fired.date_time.slice(0, 10)}`);
  // The week is drawn anew as timers change: it is pressed where it stands at that moment.
  await page.waitForFunction(() => {
    const entry = [...document.querySelectorAll(".week-entry")]
      .find((one) => one.textContent?.includes("R-2"));
    entry?.click();
    return entry;
  });
  await press(page, "Cancel timer", "dialog");
  await press(page, "Cancel timer", "dialog:last-of-type");
  await until(() => shown("R-2"), ({ timers }) => timers.length === 1);
  assert.deepEqual(complaints, []);
  await close();
});

test("d03_a_thread_shows_what_was_said_and_how_ours_arrived", async () => {
  await writes(server, ANA, "Ana", { type: "text", text: { body: "¿Hay sitio fuera?" } });
  await writes(server, ANA, "Ana", {
    type: "image", image: { id: "M1", mime_type: "image/jpeg", caption: "somos estos" },
  });
  await writes(server, ANA, "Ana", { type: "text", text: { body: "STOP" } });
  const isReply = ({ event_type: type, status }) => type === "lead.opted_out" && status === "sent";
  const { items } = await until(() => server.ask("GET", "/api/v1/deliveries?endpoint_id=0"),
    (told) => told.items.some(isReply));
  const { id } = items.find(isReply);
  const { provider_message_id: ours } = await server.ask("GET", `/api/v1/deliveries/${id}`);
  await statusOf(server, ours, "delivered", ANA);
  await statusOf(server, ours, "read", ANA);
  await until(() => server.ask("GET", `/api/v1/deliveries/${id}`),
    (one) => one.provider_times?.read_at);

  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/conversations?channel=whatsapp`);
  await click(page, ".table .row-link");
  await see(page, ".drawer .bubble-text");
  await press(page, "Show personal data", ".drawer");
  await seeText(page, "¿Hay sitio fuera?", ".drawer .bubble-text");
  await seeText(page, "Picture · image/jpeg", ".drawer .bubble-chip");
  await seeText(page, "read", ".drawer .is-ours .bubble-ticks");
  await seeText(page, "of the window left", ".drawer .clock");
  await see(page, ".drawer .bubble-link[aria-label='As the provider sent it']");

  await press(page, "The person", ".drawer");
  await seeText(page, "Opted out", ".page .pill");
  await seeText(page, "R-1", ".page .thread-turn");
  await press(page, "Show personal data", ".page");
  await seeText(page, "STOP", ".page .bubble-text");
  assert.deepEqual(complaints, []);
  await close();
});

test("f07_what_is_open_is_shown_anew_when_something_happens_to_it", async () => {
  await book(server, "R-3", "Carla", 60);
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reservations?open=R-3`);
  await see(page, ".drawer .machine-state.is-here");
  await page.waitForSelector(".live[data-state=on]");
  await server.ask("POST", "/api/v1/reservations/R-3/actions", { action: "confirm" });
  await seeText(page, "Confirmed by an operator", ".drawer .step");
  await lit(page, "Confirmed");
  assert.deepEqual(complaints, []);
  await close();
});

test("b11_figures_of_four_windows_and_the_funnel_stand_side_by_side", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reports?view=live`);
  await see(page, ".figures-table");
  assert.equal((await page.$$(".figures-table thead a")).length, 4);
  assert.equal((await page.$$(".funnel li")).length, 4);
  await press(page, "1 day", ".figures-table");
  await see(page, ".figures-table a[href*='window=1d'][aria-current]");
  assert.deepEqual(complaints, []);
  await close();
});

test("c04_the_week_is_reported_with_charts_and_a_step_to_the_week_before", async () => {
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/reports`);
  await see(page, ".week-head");
  await seeText(page, "Bookings", ".vital-name");
  assert.equal((await page.$$(".chart")).length, 4);
  const before = await page.$eval(".week-head h2", (element) => element.textContent);
  await click(page, "[aria-label='Week before']");
  await page.waitForFunction((before) => {
    const now = document.querySelector(".week-head h2")?.textContent;
    return now && now !== before;
  }, {}, before);
  assert.deepEqual(complaints, []);
  await close();
});

const PAGES = {
  reservation: "reservations/R-1", handoff: "handoffs/chat-1", week: "timers?view=week",
  weekly: "reports", report: "reports?view=live",
  settings: "tenants/default", keys: "tenants/default?tab=keys", links: "tenants/default?tab=links",
};
for (const theme of ["day", "night"]) {
  for (const [size, width, height] of [["wide", 1280, 860], ["phone", 390, 844]]) {
    test(`a21_pages_of_one_thing_are_for_everybody_by_${theme}_${size}`, async (all) => {
      const { page, complaints, close } = await openPage(browser, server, { theme, width, height });
      for (const [name, path] of Object.entries(PAGES)) {
        await all.test(`a21_${name}_by_${theme}_${size}`, async () => {
          complaints.length = 0;
          await page.goto(`${server.base}/console/${path}`);
          await page.waitForFunction(() => document.querySelector(".page :is(h1, .detail h1)")
            && !document.querySelector(".page .bone"));
          assert.deepEqual(await findings(page), []);
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth
            - document.documentElement.clientWidth);
          assert.ok(beyond <= 0, `${beyond} px beyond the edge`);
          assert.deepEqual(complaints, []);
        });
      }
      await close();
    });
  }
}
