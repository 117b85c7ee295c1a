"""Named steps, and a transcript of every request that they make; the counterpart of harness.mjs and masks.mjs."""

import json
import re
import sys
import threading
import time
from urllib.parse import unquote_plus

import httpx
from pocketbase import PocketBase
from pocketbase.utils import ClientResponseError

BASE, EMAIL, PASSWORD, TRANSCRIPT = sys.argv[1:5]
HEADERS = ("content-type", "access-control-allow-origin", "retry-after")
DATE = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z")

_steps, _lines, _ids = [], [], {}
_current = {"name": "", "lines": 0}
_lock = threading.Lock()


def step(name):
    """Registers an operation. What it returns is written to the transcript, too."""

    def register(run):
        _steps.append((name, run))
        return run

    return register


def client():
    return PocketBase(BASE, event_hooks={"response": [_record_response]})


def raw(method, path, **options):
    """A request without the SDK."""
    with httpx.Client(base_url=BASE, event_hooks={"response": [_record_response]}) as http:
        return http.request(method, path, **options)


def refused(call, status, message, codes=None):
    """Asserts that the SDK's call fails so, with these codes of fields."""
    try:
        call()
    except ClientResponseError as error:
        assert error.status == status, (error.status, error.data)
        assert error.data.get("message", "") == message, error.data
        found = {field: what.get("code") for field, what in error.data.get("data", {}).items()}
        assert found == (codes or {}), found
        return error
    raise AssertionError("no error")


def until(condition, what):
    """Waits until the condition holds."""
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"in vain: {what}")


def requests_of_step():
    return _current["lines"]


def _record(entry):
    with _lock:
        _current["lines"] += 1
        name, count = _current["name"], _current["lines"]
        line = {"name": name if count == 1 else f"{name} ({count})", **_masked(entry)}
        _lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


def _record_response(response):
    text = response.read().decode()
    request = response.request
    body = text
    if text and response.headers.get("content-type", "").startswith("application/json"):
        body = json.loads(text)
        # PocketBase writes what `fields` picked in another order each time.
        if "fields" in request.url.params:
            body = json.loads(json.dumps(body, sort_keys=True))
    query = f"?{unquote_plus(request.url.query.decode())}" if request.url.query else ""
    _record(
        {
            "request": f"{request.method} {request.url.path}{query}",
            "status": response.status_code,
            "headers": {name: response.headers[name] for name in HEADERS if name in response.headers},
            "body": body,
        }
    )


def _learn(value):
    # Records, and only they, name their collection.
    if isinstance(value, dict):
        known = value.get("id")
        if "collectionId" in value and known not in _ids and re.fullmatch("[a-z0-9]{15}", known or ""):
            _ids[known] = f"<id {len(_ids) + 1}>"
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _learn(inner)


def _masked(entry):
    _learn(entry)

    def text(value):
        for known, name in _ids.items():
            value = value.replace(known, name)
        return DATE.sub("<date>", value)

    def masked(value, key=None):
        if isinstance(value, str):
            return "<token>" if key == "token" and "." in value else text(value)
        if isinstance(value, list):
            return [masked(inner) for inner in value]
        if isinstance(value, dict):
            return {text(name): masked(inner, name) for name, inner in value.items()}
        return value

    return masked(entry)


def run():
    failed = False
    for name, operation in _steps:
        _current.update(name=name, lines=0)
        try:
            result = operation()
            if result is not None:
                _record({"result": result})
        except Exception as error:
            failed = True
            print(f"failed: {name}: {error!r}", getattr(error, "data", ""), file=sys.stderr)
            _record({"failed": repr(error)})
    with open(TRANSCRIPT, "w", encoding="utf-8") as file:
        file.write("\n".join(_lines) + "\n")
    print(f"{len(_steps)} steps, {len(_lines)} requests and results")
    sys.exit(failed)
