// What waits for an endpoint that is only probed says when that is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./people.mjs";
import { keepFailures, openPage, seeText, startBrowser, startReceiver, startServer } from "./world.mjs";

let server;
let receiver;
let browser;
before(async () => {
  [receiver, browser, server] = await Promise.all([startReceiver(), startBrowser(), startServer()]);
  receiver.status = 503;
});
after(async () => {
  await keepFailures();
  await Promise.all([browser?.close(), server?.stop(), receiver?.stop()]);
});

test("f07_what_waits_for_a_probe_says_when_that_is", async () => {
  await server.ask("POST", "/api/v1/admin/notify/endpoints", { kind: "webhook", target: receiver.url,
    filters: { events: ["client.*"] }, retry: { first: "200ms", factor: 1, attempts: 100 } });
  const send = (event_id) => server.ask("POST", "/api/v1/events", { event_id, event_type: "client.created", data: {} });
  await send("first");
  await until(() => server.ask("GET", "/api/v1/admin/notify/endpoints/1"),
    ({ next_probe_at: at }) => Boolean(at));
  await send("second");
  await until(() => server.ask("GET", "/api/v1/deliveries?event_id=second"),
    ({ items }) => items[0]?.status === "pending" && items[0].next_attempt_at === null);
  const { page, complaints, close } = await openPage(browser, server);
  await page.goto(`${server.base}/console/deliveries?event_id=second`);
  await seeText(page, "when the endpoint is probed", ".table tr[data-id]");
  assert.deepEqual(complaints, []);
  await close();
});
