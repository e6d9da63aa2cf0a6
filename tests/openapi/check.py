"""Starts the real server on an empty directory, puts a few things there, and lets schemathesis ask."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 30
SEEN_ELSEWHERE = {
    "showDocument": "schemathesis itself reads it, and asks no more",
    "beginSession": "it takes a key or a link that holds, and a wrong one soon has to wait",
    "endSession": "it is for a cookie, and this run has a key",
    "cancelJob": "a job has ended before anybody can cancel it",
    "streamEvents": "its answer has no end",
    "reprocessEvent": "no event stands aside unless an actor dies three times on it",
}
APP_SECRET = "app-secret"
NOTIFY = "/api/v1/admin/notify"


class Sink(BaseHTTPRequestHandler):
    """Takes every delivery, and plays WhatsApp's Graph API."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b'{"messages": [{"id": "wamid.1"}]}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Api:
    def __init__(self, base, token):
        self.base, self.token = base, token

    def ask(self, method, path, body=None, tenant="default"):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.token}", "x-tenant": tenant, "content-type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def until(self, path, fits):
        """Asks until the answer is as it must become."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self.ask("GET", path)
            if fits(answer):
                return answer
            assert time.monotonic() < deadline, f"{path} stayed {answer}"
            time.sleep(0.05)


def serve(binary, data, sink):
    """The server, and where it is."""
    environment = os.environ | {"RUST_LOG": "warn", "SERENO_ALLOW_PRIVATE_TARGETS": "127.0.0.0/8"}
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", data, "--graph-url", sink]
    log = open(f"{data}.log", "w+")
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    words = server.stdout.readline().split()
    base = next((word for word in words if word.startswith("http://")), None)
    assert base, f"the server did not start: {open(log.name).read()}"
    credentials = dict(line.split("=", 1) for line in open(f"{data}/credentials").read().split())
    return server, Api(base, credentials["admin_token"]), log


def sources(base):
    """One source for each address; hooks.py signs for it."""
    return {
        "repo": {"verifier": "github", "secret": APP_SECRET},
        "own": {"verifier": "sereno", "secret": APP_SECRET, "unknown_types": "store"},
        "bird": {"verifier": "bird", "secret": APP_SECRET, "url": f"{base}/webhooks/bird/default"},
    }


def seed(api, sink):
    """A few of everything; the values of paths by operation."""
    settings = {
        "timezone": "Europe/Madrid",
        "retry": {"first": "50ms", "attempts": 1},
        # Nothing listens there: reports are taken, and given up.
        "smtp": {"host": "127.0.0.1", "port": 9, "from": "sereno@example.com", "security": "none"},
        # Most of what is asked is refused, on purpose and from one address.
        "limits": {"inbound_refused_per_minute": 0},
        "whatsapp": {"phone_number_id": "555000111", "access_token": "token", "app_secret": APP_SECRET,
                     "verify_token": "my-verify-token"},
    }
    api.ask("PATCH", "/api/v1/admin/tenants/default", settings | {"sources": sources(api.base)})
    api.ask("POST", "/api/v1/admin/tenants", {"id": "changed", "settings": settings})
    for number in range(20):
        api.ask("POST", "/api/v1/admin/tenants", {"id": f"gone-{number}"})
        api.ask("POST", "/api/v1/admin/tenants/changed/keys", {"name": f"key {number}"})
    # The first two stay; the others are there to be deleted.
    gone = {"kind": "webhook", "target": "http://127.0.0.1:9/closed", "filters": {"events": ["client.*"]}}
    # What goes to the last one waits for an hour, so that it can be cancelled.
    slow = {"kind": "webhook", "target": "http://127.0.0.1:9/slow", "filters": {"events": ["visit.*"]},
            "retry": {"first": "1h", "attempts": 3}}
    for endpoint in [{"kind": "webhook", "target": sink}, gone] + [{"kind": "slack", "target": sink}] * 20 + [slow]:
        api.ask("POST", f"{NOTIFY}/endpoints", endpoint)
    api.ask("PUT", "/api/v1/event-types/table.freed", {"schema": {"type": "object"}})
    booking = {"date_time": "2100-01-20T20:00:00", "party_size": 4, "name": "Ana", "wa_number": "+34600000001"}
    events = [{"event_id": f"book-{n}", "event_type": "reservation.created", "data": {"reservation_id": f"R-{n}", **booking}}
              for n in range(6)]
    # Whose timers are fired and cancelled, and moved.
    for name, count in [("T", 20), ("M", 20)]:
        events += [{"event_type": "reservation.created", "data": {"reservation_id": f"{name}-{n}", **booking}}
                   for n in range(count)]
    events += [{"event_type": "handoff.opened", "data": {"conversation_id": f"C-{n}", "wa_number": "+34600000001"}}
               for n in range(3)]
    events += [{"event_type": kind, "data": {"conversation_id": "T-1", "user": {"phone": "+34600000001", "name": "Ana"}, **data}}
               for kind, data in [
                   ("conversation.started", {"channel": "whatsapp"}),
                   ("conversation.message.received", {"content": {"text": "Hola"}, "message_id": "m-1"}),
                   ("ai.intent.detected", {"intent": "booking"}),
                   ("conversation.message.sent", {"content": {"text": "Buenas tardes"}, "message_id": "m-2"})]]
    events += [{"event_id": f"client-{n}", "event_type": "client.created", "data": {"id": n}} for n in range(30)]
    events += [{"event_type": "visit.planned", "data": {"id": n}} for n in range(20)]
    api.ask("POST", "/api/v1/events", {"events": events})
    dead = api.until("/api/v1/dead-letters?limit=100", lambda answer: len(answer["items"]) >= 30)["items"]
    dead = [letter["id"] for letter in dead]
    sent = api.until("/api/v1/deliveries?status=sent&limit=100", lambda answer: len(answer["items"]) >= 30)
    sent = [delivery["id"] for delivery in sent["items"][:3]]
    waiting = api.until("/api/v1/deliveries?status=retrying&endpoint_id=23&limit=100",
                        lambda answer: len(answer["items"]) >= 20)["items"]
    waiting = [delivery["id"] for delivery in waiting]
    job = api.ask("POST", "/api/v1/deliveries/retry", {"status": "sent", "endpoint_id": 1})["job_id"]
    leads = [lead["lead_id"] for lead in api.until("/api/v1/leads", lambda answer: answer["items"])["items"]]
    timers = [timer for n in range(20) for timer in api.ask("GET", f"/api/v1/timers?reservation_id=T-{n}")["items"]]
    kept = [timer["id"] for timer in api.ask("GET", "/api/v1/timers?reservation_id=R-5")["items"]]
    fired, lifted = ([timer["id"] for timer in timers if timer["kind"] == kind] for kind in ("no_show", "reminder.24h"))
    to_move = [timer["id"] for n in range(20) for timer in api.ask("GET", f"/api/v1/timers?reservation_id=M-{n}")["items"]
               if timer["kind"] == "reminder.24h"]
    keys = [key["id"] for key in api.ask("GET", "/api/v1/admin/tenants/changed/keys")["items"]]
    bookings, talks, own = ["R-0", "R-1", "R-2"], ["C-0", "C-1", "C-2"], ["table.freed", "reservation.created"]
    endpoint, to_change, to_delete = {"id": [1, 2]}, {"id": [3, 4, 5, 6]}, {"id": list(range(7, 23))}
    return {
        "showEvent": {"id": ["book-0", "client-1"]}, "replayEvent": {"id": ["book-0", "client-1"]},
        "showReservation": {"id": bookings}, "actOnReservation": {"id": bookings},
        "getTimer": {"id": kept}, "fireTimer": {"id": fired}, "cancelTimer": {"id": lifted}, "rescheduleTimer": {"id": to_move},
        "showHandoff": {"id": talks}, "actOnHandoff": {"id": talks},
        "showConversation": {"id": ["T-1"]}, "actOnConversation": {"id": ["T-1"]}, "showLead": {"id": leads}, "listLeadHistory": {"id": leads},
        "showDelivery": {"id": sent + dead[:1]}, "retryDelivery": {"id": sent + dead[:1]},
        "cancelDelivery": {"id": waiting}, "handOnDelivery": {"id": waiting},
        "showDeadLetter": {"id": dead[:3]}, "retryDeadLetter": {"id": dead[3:20]}, "discardDeadLetter": {"id": dead[20:]},
        "showJob": {"id": [job]}, "cancelJob": {"id": [job]},
        "showEndpoint": endpoint, "changeEndpoint": to_change, "deleteEndpoint": to_delete, "toggleEndpoint": to_change,
        "recoverEndpoint": endpoint, "rotateSecret": endpoint, "testEndpoint": endpoint,
        "showEventType": {"name": own}, "describeEventType": {"name": own}, "forgetEventType": {"name": own},
        "showTenant": {"id": ["default", "changed"]}, "changeTenant": {"id": ["changed"]},
        "deleteTenant": {"id": [f"gone-{number}" for number in range(20)]},
        "listKeys": {"id": ["default", "changed"]}, "createKey": {"id": ["changed"]},
        "revokeKey": {"id": ["changed"], "key": keys},
        "verifyWhatsApp": {"tenant": ["default"]}, "receiveWhatsApp": {"tenant": ["default"]},
        "receiveSource": {"tenant": ["default"], "source": ["repo"]}, "receiveBird": {"tenant": ["default"]},
        "showDocsFile": {"file": ["swagger-ui.css", "favicon-32x32.png", "swagger-initializer.js"]},
    }


def main(binary, arguments):
    long = "--long" in arguments
    more = [argument for argument in arguments if argument != "--long"]
    sink = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    sink_url = f"http://127.0.0.1:{sink.server_port}/"
    with tempfile.TemporaryDirectory(prefix="sereno-openapi-") as scratch:
        server, api, log = serve(binary, f"{scratch}/data", sink_url)
        succeeded = f"{scratch}/succeeded"
        try:
            seeds = {"paths": seed(api, sink_url), "sink": sink_url, "app_secret": APP_SECRET}
            amount = ["--max-examples", "200"] if long else ["--max-examples", "20", "--seed", "20260120"]
            command = [str(pathlib.Path(sys.executable).with_name("schemathesis")),
                       "--config-file", str(HERE / "schemathesis.toml"), "run", f"{api.base}/openapi.json",
                       "--header", f"Authorization: Bearer {api.token}", *amount, *more]
            environment = os.environ | {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
                                        "SERENO_SEEDS": json.dumps(seeds), "SERENO_SUCCEEDED": succeeded}
            # What it leaves behind goes with the directory.
            failed = subprocess.run(command, env=environment, cwd=scratch).returncode
            never = [] if more else never_succeeded(api, succeeded)
        finally:
            server.terminate()
            ended = server.wait(PATIENCE_S)
        log.seek(0)
        said = [line for line in log if "panicked" in line or "ERROR" in line]
        print("".join(said[:20]), end="")
        if never:
            print("never succeeded, so nobody looked at the answer:", ", ".join(never))
            print("put what they need into seed() of tests/openapi/check.py, and its name into hooks.py")
        sys.exit(1 if failed or ended or said or never else 0)


def never_succeeded(api, path):
    """Operations without any answer below 400, but for those whose success tests/it sees."""
    document = api.ask("GET", "/openapi.json")
    named = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    return sorted(named - set(open(path).read().split()) - SEEN_ELSEWHERE.keys())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
