"""What schemathesis must know of this server: which things are there, and whom nothing may be sent to."""

import base64
import hashlib
import hmac
import json
import os
import time
import zlib
from urllib.parse import urlsplit

import schemathesis

SEEDS = json.loads(os.environ["SERENO_SEEDS"])
"""The things that check.py put there: `sink`, and by operation the values of its path."""


# The document leaves room for fields to come. This run does not: what an answer has and the document does not
# name is a fault of one of both.


@schemathesis.hook
def before_load_schema(context, raw_schema):
    schemas = raw_schema["components"]["schemas"]
    for name in list(schemas):
        schemas[f"{name}.closed"] = closed(schemas[name])
    answers = list(raw_schema["components"]["responses"].values())
    for path in raw_schema["paths"].values():
        for operation in path.values():
            answers += operation["responses"].values()
    for answer in answers:
        for media in answer.get("content", {}).values():
            media["schema"] = closed(media["schema"])


def closed(schema, inside_all_of=False):
    """The schema without room for more, all inside of it too."""
    if isinstance(schema, list):
        return [closed(item, inside_all_of) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"]
        is_schema = name.startswith("#/components/schemas/") and not inside_all_of
        return {**schema, "$ref": f"{name}.closed"} if is_schema and not name.endswith(".closed") else schema
    result = {}
    for name, value in schema.items():
        if name in ("properties", "patternProperties"):
            result[name] = {key: closed(item) for key, item in value.items()}
        elif name in ("items", "anyOf", "oneOf", "additionalProperties"):
            result[name] = closed(value)
        elif name == "allOf":
            result[name] = closed(value, inside_all_of=True)
        else:
            result[name] = value
    has_fields = "properties" in schema or "allOf" in schema
    if has_fields and not inside_all_of and "additionalProperties" not in schema:
        result["unevaluatedProperties"] = False
    return result


# Data that fits is asked of things that are there, or everything would end at "no such tenant".


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw.get("operationId")
    meta = case.meta
    fits = meta is None or meta.generation.mode.is_positive
    linked = meta is not None and meta.phase.name.value == "stateful"
    headers = case.headers or {}
    for name in [name for name in headers if name.lower().startswith("ce-")]:
        # With one of these, the body means something else: tests/it/cloud_events.rs is about that.
        del headers[name]
    if fits:
        for name in [name for name in headers if name.lower() == "x-tenant"]:
            del headers[name]
    values = case.path_parameters or {}
    if fits and not linked:
        for name, known in SEEDS["paths"].get(operation, {}).items():
            # Now and then one that is not there.
            pick = zlib.crc32(str(values.get(name)).encode("utf-8", "replace")) % (len(known) + 1)
            if pick < len(known):
                values[name] = known[pick]
    if operation == "deleteTenant" and values.get("id") == "changed":
        # The others need it.
        values["id"] = "gone-0"
    if operation == "changeTenant" and values.get("id") == "default":
        # It could turn off what all the others need: it is asked of a tenant of its own.
        values["id"] = "changed"
    if operation in ("discardDeadLetters", "cancelDeliveries", "pauseChannel", "resumeChannel") and fits:
        # Without a filter it throws away, ends or holds what others look at: the other tenant has none.
        case.headers = {**headers, "X-Tenant": "changed"}
    if operation == "receiveEvent" and isinstance((case.query or {}).get("tenant"), str):
        # Another tenant has no such source, and counts who is refused.
        case.query["tenant"] = "default"
    if operation in SIGNED and fits:
        kwargs["auth"] = SIGNED[operation]
    safe = at_home(case.body)
    if safe != case.body:
        case.body = safe


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code < 400:
        with open(os.environ["SERENO_SUCCEEDED"], "a") as succeeded:
            succeeded.write(case.operation.definition.raw["operationId"] + "\n")


# What others send is signed over the bytes as they go out.


def mac(*parts):
    return hmac.new(SEEDS["app_secret"].encode(), b"".join(parts), "sha256")


def bytes_of(request):
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body


def as_meta(request):
    request.headers["X-Hub-Signature-256"] = f"sha256={mac(bytes_of(request)).hexdigest()}"
    return request


def as_github(request):
    request.headers["X-GitHub-Event"] = "push"
    return as_meta(request)


def as_bird(request):
    now = str(int(time.time()))
    digest = hashlib.sha256(bytes_of(request)).digest()
    signature = mac(f"{now}\n{request.url}\n".encode(), digest).digest()
    request.headers["messagebird-request-timestamp"] = now
    request.headers["messagebird-signature"] = base64.b64encode(signature).decode()
    return request


def as_ourselves(request):
    now = str(int(time.time()))
    request.headers["X-Webhook-Timestamp"] = now
    request.headers["X-Webhook-Signature"] = mac(bytes_of(request), now.encode()).hexdigest()
    return request


SIGNED = {"receiveWhatsApp": as_meta, "receiveSource": as_github, "receiveBird": as_bird, "receiveEvent": as_ourselves}


def at_home(value, field=None):
    """What the server would connect to is here: nothing in this run leaves the machine."""
    if isinstance(value, dict):
        return {name: at_home(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [at_home(item, field) for item in value]
    if field == "host" and isinstance(value, str) and value:
        return "127.0.0.1"
    if field in ("target", "token_url") and isinstance(value, str) and "://" in value:
        try:
            host = urlsplit(value).hostname
        except ValueError:
            return value
        return value if host == "127.0.0.1" else SEEDS["sink"]
    return value
