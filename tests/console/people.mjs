// A restaurant's people for the tests: guests who book, write and wait, and what WhatsApp says of
// our messages.

import { createHmac, randomUUID } from "node:crypto";

const SECRET = "app-secret-of-the-line-0123456789";

/** Settings with a line, whose messages go to the receiver that stands for WhatsApp's API. */
export async function connectLine(server) {
  await server.ask("PATCH", "/api/v1/admin/tenants/default", {
    timezone: "Europe/Madrid", locale: "es",
    whatsapp: { phone_number_id: "555000111", access_token: "token", app_secret: SECRET,
      verify_token: "verify" },
  });
}

/** What Meta posts of the line, signed as Meta signs it. */
export async function fromMeta(server, field, value) {
  const metadata = { display_phone_number: "34910000000", phone_number_id: "555000111" };
  const change = { field, value: { messaging_product: "whatsapp", metadata, ...value } };
  const body = JSON.stringify({
    object: "whatsapp_business_account", entry: [{ id: "W", changes: [change] }],
  });
  const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  const response = await fetch(`${server.base}/webhooks/whatsapp/default`, {
    method: "POST", body, headers: { "content-type": "application/json",
      "x-hub-signature-256": signature },
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

/** A guest writes, or sends what `more` says. */
export function writes(server, from, name, more) {
  const message = { from, id: `wamid.${randomUUID()}`, timestamp: seconds(), ...more };
  return fromMeta(server, "messages",
    { contacts: [{ profile: { name }, wa_id: from }], messages: [message] });
}

/** WhatsApp says how one of ours stands. */
export function statusOf(server, id, status, to) {
  return fromMeta(server, "messages",
    { statuses: [{ id, status, timestamp: seconds(), recipient_id: to }] });
}

const seconds = () => String(Math.floor(Date.now() / 1_000));

/** A booking in so many hours. */
export function book(server, id, name, hours, more = {}) {
  return server.ask("POST", "/api/v1/events", {
    event_type: "reservation.created",
    data: {
      reservation_id: id, name, party_size: 4, restaurant: "La Trattoria",
      date_time: new Date(Date.now() + hours * 3_600_000).toISOString(), ...more,
    },
  });
}

/** Asks until the answer fits, for what the server does by itself. */
export async function until(ask, fits) {
  for (let waited = 0; waited < 20_000; waited += 100) {
    const answer = await ask();
    if (fits(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it did not come to be");
}
