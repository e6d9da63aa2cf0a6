// @ts-check
// How a receiver verifies that a webhook is Sereno's: a few lines for each of the usual languages, by the
// Standard Webhooks specification (https://www.standardwebhooks.com), with nothing but what each brings.

import { h, put } from "../../lib/dom.js";
import { t } from "../../lib/i18n.js";
import { command } from "../../parts/bits.js";

/** `secret` stands in the environment; five minutes is the tolerance that the specification names. */
const SNIPPETS = {
  "Node.js": `import { createHmac, timingSafeEqual } from "node:crypto";

export function isFromSereno(headers, body) {           // body: the bytes as they came
  const key = Buffer.from(process.env.SERENO_SECRET.replace("whsec_", ""), "base64");
  const id = headers["webhook-id"], at = headers["webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  const ours = createHmac("sha256", key).update(\`\${id}.\${at}.\`).update(body).digest();
  return headers["webhook-signature"].split(" ").some((one) => {
    const theirs = Buffer.from(one.replace("v1,", ""), "base64");
    return theirs.length === ours.length && timingSafeEqual(theirs, ours);
  });
}`,
  Python: `import base64, hashlib, hmac, os, time

def is_from_sereno(headers, body):                      # body: the bytes as they came
    key = base64.b64decode(os.environ["SERENO_SECRET"].removeprefix("whsec_"))
    id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False
    signed = f"{id}.{at}.".encode() + body
    ours = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest("v1," + ours, one)
               for one in headers["webhook-signature"].split(" "))`,
  PHP: `function is_from_sereno(array $headers, string $body): bool {   // $body: php://input
  $key = base64_decode(preg_replace('/^whsec_/', '', getenv('SERENO_SECRET')));
  [$id, $at] = [$headers['webhook-id'], $headers['webhook-timestamp']];
  if (abs(time() - (int) $at) > 300) return false;
  $ours = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
  foreach (explode(' ', $headers['webhook-signature']) as $one)
    if (hash_equals($ours, $one)) return true;
  return false;
}`,
  Go: `func IsFromSereno(h http.Header, body []byte) bool {     // body: the bytes as they came
	key, _ := base64.StdEncoding.DecodeString(
		strings.TrimPrefix(os.Getenv("SERENO_SECRET"), "whsec_"))
	at, err := strconv.ParseInt(h.Get("webhook-timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", h.Get("webhook-id"), at, body)
	ours := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, one := range strings.Split(h.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(ours), []byte(one)) {
			return true
		}
	}
	return false
}`,
};

/** @param {any} endpoint */
export function verification(endpoint) {
  if (endpoint.kind !== "webhook" || endpoint.signature !== "standard" || !endpoint.has_secret) return null;
  const shown = h("div");
  const names = Object.keys(SNIPPETS);
  const choose = (name) => {
    put(shown, command(SNIPPETS[name]));
    for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.textContent === name));
  };
  const tabs = h("div", { class: "row" }, names.map((name) => h("button", {
    type: "button", class: "button small", onclick: () => choose(name),
  }, name)));
  choose(names[0]);
  return h("details", null, h("summary", null, t("endpoints.verify")),
    h("div", { class: "stack-small further" },
      h("p", { class: "quiet" }, t("endpoints.verify_text")), tabs, shown));
}
