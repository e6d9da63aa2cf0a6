// @ts-check
// Lines that verify a signature by the Standard Webhooks specification
// (https://www.standardwebhooks.com), with nothing but what each language brings.

/**
 * The secret stands in the environment; of one that begins with `whsec_` the rest is base64 of the key,
 * any other is the key itself. Five minutes is the tolerance that the specification names.
 */
export const SNIPPETS = {
  "Node.js": `import { createHmac, timingSafeEqual } from "node:crypto";

export function isFromSereno(headers, body) {           // body: the bytes as they came
  const secret = process.env.SERENO_SECRET;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
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
    secret = os.environ["SERENO_SECRET"]
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    id, at = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(at)) > 300:
        return False
    signed = f"{id}.{at}.".encode() + body
    ours = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest("v1," + ours, one)
               for one in headers["webhook-signature"].split(" "))`,
  PHP: `function is_from_sereno(array $headers, string $body): bool {   // $body: php://input
  $key = getenv('SERENO_SECRET');
  if (str_starts_with($key, 'whsec_')) $key = base64_decode(substr($key, 6));
  [$id, $at] = [$headers['webhook-id'], $headers['webhook-timestamp']];
  if (abs(time() - (int) $at) > 300) return false;
  $ours = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $key, true));
  foreach (explode(' ', $headers['webhook-signature']) as $one)
    if (hash_equals($ours, $one)) return true;
  return false;
}`,
  Go: `func IsFromSereno(h http.Header, body []byte) bool {     // body: the bytes as they came
	key := []byte(os.Getenv("SERENO_SECRET"))
	if strings.HasPrefix(string(key), "whsec_") {
		key, _ = base64.StdEncoding.DecodeString(string(key[len("whsec_"):]))
	}
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
