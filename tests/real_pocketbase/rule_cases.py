"""Rules, principals and requests that record_rules.py asks a real PocketBase: WORLD, TARGETS and cases()."""

USERS, COMPANIES = "/api/collections/tbl_auth_users", "/api/collections/tbl_company"
ACME, BOLT = "acme00000000001", "bolt00000000001"
BOB, ANN, DAN, CAT = "bob000000000001", "ann000000000001", "dan000000000001", "cat000000000001"
MISSING = "none00000000001"
PASSWORD = "canary password"


def person(record_id, company, number, **more):
    return {
        "id": record_id, "openid": f"o_{record_id[:3]}", "email": f"{record_id[:3]}@example.com", "emailVisibility": False, "verified": False,
        "users_name": record_id[:3], "users_phone": f"1380000000{number}", "company_id": company, "users_status": 1, "users_rank_level": 0,
        "users_auth_type": 0, "users_idtype": "ManagePlatform", "users_type": "注册用户", "users_id": f"U000000000{number}",
        "users_convers_id": f"C{number}", "password": PASSWORD, "passwordConfirm": PASSWORD, **more,
    }


# The records that are there before each case. Ann is staff.
WORLD = {
    "tbl_company": [
        {"id": ACME, "company_id": "ACME", "company_name": "Acme", "company_status": 1},
        {"id": BOLT, "company_id": "BOLT", "company_name": "Bolt", "company_status": 0},
    ],
    "tbl_auth_users": [
        person(BOB, "ACME", 1),
        person(ANN, "ACME", 2, users_rank_level=5, verified=True),
        person(DAN, "ACME", 3, emailVisibility=True),
        person(CAT, "BOLT", 4, users_promo_code="x"),
    ],
}
PRINCIPALS = {"guest": None, "user": BOB, "staff": ANN, "root": "superuser"}

SELF = "id = @request.auth.id"
LOGGED_IN = "@request.auth.id != ''"
STAFF = "@request.auth.users_rank_level >= 5"
SAME_COMPANY = "company_id = @request.auth.company_id"
OWN_STAFF = f"{SELF} || ({STAFF} && {SAME_COMPANY})"
OWN_RANK = f"{SELF} && @request.body.users_rank_level:isset = false"
SUPPORT = f"{STAFF} && {SAME_COMPANY} && @request.body.users_rank_level:isset = false && @request.body.password:isset = false"
UNCHANGED = f"{SELF} && @request.body.users_rank_level:changed = false && @request.body.users_status:changed = false"

READ_RULES = [None, "", SELF, LOGGED_IN, OWN_STAFF, "users_promo_code = 'x'", "@request.query.key = 'a b'", "@request.headers.x_key = 'k1'",
              "@request.method = 'GET' && @request.context = 'default'", "emailVisibility = true"]


def get(path, **more):
    return {"method": "GET", "path": path, **more}


def send(method, path, body=None, **more):
    return {"method": method, "path": path, "body": body or {}, **more}


def record(collection, record_id):
    return f"{collection}/records/{record_id}"


def users(**rules):
    return {"tbl_auth_users": rules}


def companies(**rules):
    return {"tbl_company": rules}


def case(kind, rules, principal, *requests):
    return {"kind": kind, "rules": rules, "as": principal, "requests": list(requests)}


def lists():
    queries = ["sort=users_name", "sort=-users_name&perPage=1&page=2", "filter=users_name%20~%20'a'&sort=id", "filter=email%20~%20'example'&sort=id",
               "filter=id%20%3D%20'cat000000000001'", "sort=-created&skipTotal=1", "filter=users_status%20%3D%200&sort=id", "fields=id,email&sort=id", "sort=users_name&key=a%20b"]
    for rule in READ_RULES:
        for principal in PRINCIPALS:
            path = f"{USERS}/records?"
            yield case("list", users(listRule=rule), principal, *[get(path + query) for query in queries], get(f"{path}sort=id", headers={"X-Key": "k1"}))
    for rule in [None, "", LOGGED_IN, "company_id = @request.auth.company_id", "company_status = 1"]:
        for principal in PRINCIPALS:
            path = f"{COMPANIES}/records?sort=company_id"
            yield case("list", companies(listRule=rule), principal, get(path), get(f"{path}&filter=company_name%20~%20'o'"))


def views():
    for rule in READ_RULES:
        for principal in PRINCIPALS:
            requests = [get(record(USERS, target)) for target in [BOB, ANN, DAN, CAT, MISSING]]
            more = [get(f"{record(USERS, CAT)}?key=a%20b"), get(record(USERS, CAT), headers={"X-Key": "k1"})]
            yield case("view", users(viewRule=rule), principal, *requests, *more)
    for rule in [None, "", LOGGED_IN, "company_id = @request.auth.company_id"]:
        for principal in PRINCIPALS:
            yield case("view", companies(viewRule=rule), principal, *[get(record(COMPANIES, target)) for target in [ACME, BOLT, MISSING]])


NEW = "new000000000001"


def new_person(**more):
    return person(NEW, "ACME", 9, **more)


def creates():
    rules = [None, "", STAFF, "@request.body.company_id = @request.auth.company_id", SAME_COMPANY, "@request.body.users_rank_level:isset = false",
             "users_status = 0", "verified = true", f"{STAFF} && users_rank_level < @request.auth.users_rank_level", "openid = 'o_own'",
             "@request.method = 'POST' && @request.body.users_name ~ 'n'", "id = @request.auth.id", "@request.body.password:isset = true"]
    without_rank = {key: value for key, value in new_person().items() if key != "users_rank_level"}
    bodies = [new_person(), {**without_rank}, new_person(company_id="BOLT"), new_person(users_rank_level=9), new_person(users_status=0),
              new_person(verified=True), new_person(openid="o_own"), new_person(email="bob@example.com"), new_person(password="short"), {}]
    for rule in rules:
        for principal in PRINCIPALS:
            for body in bodies if principal == "staff" or rule in ["", STAFF] else bodies[:3]:
                yield case("create", users(createRule=rule), principal, send("POST", f"{USERS}/records", body))
    company = {"id": NEW, "company_id": "COIN", "company_name": "Coin", "company_status": 1}
    for rule in [None, "", STAFF, "company_status = 1", "@request.body.company_name != 'Coin'"]:
        for principal in PRINCIPALS:
            yield case("create", companies(createRule=rule), principal, send("POST", f"{COMPANIES}/records", company))


UPDATES = [
    {"users_name": "renamed"}, {"users_rank_level": 9}, {"users_rank_level": 0}, {"users_rank_level+": 1}, {"users_status": 0}, {"company_id": "BOLT"}, {"users_name": "x" * 65},
    {"users_convers_id": "C99"}, {"users_promo_code": "p", "unknown": 1}, {},
]


def updates():
    rules = [None, "", SELF, OWN_STAFF, OWN_RANK, SUPPORT, UNCHANGED, "@request.body.company_id:changed = true", "@request.body.users_name = 'renamed'",
             "company_id = 'ACME' && @request.body.company_id:isset = true", "@request.body.users_name:lower = 'renamed'"]
    for rule in rules:
        for principal in PRINCIPALS:
            yield case("update", users(updateRule=rule), principal, *[send("PATCH", record(USERS, BOB), body) for body in UPDATES])
            others = [send("PATCH", record(USERS, target), {"users_name": "renamed"}) for target in [ANN, DAN, CAT, MISSING]]
            yield case("update", users(updateRule=rule), principal, *others)
    for rule in [None, "", STAFF, "company_id = @request.auth.company_id", "@request.body.company_status:isset = false"]:
        for principal in PRINCIPALS:
            bodies = [{"company_status": 0}, {"company_status": 7}]
            yield case("update", companies(updateRule=rule), principal, *[send("PATCH", record(COMPANIES, target), body) for target in [ACME, BOLT] for body in bodies])


def deletions():
    for rule in [None, "", SELF, OWN_STAFF, "@request.method = 'DELETE'"]:
        for principal in PRINCIPALS:
            yield case("delete", users(deleteRule=rule), principal, *[send("DELETE", record(USERS, target)) for target in [CAT, DAN, MISSING]])
            yield case("delete", users(deleteRule=rule), principal, send("DELETE", record(USERS, BOB)))
    for rule in [None, "", STAFF]:
        for principal in PRINCIPALS:
            yield case("delete", companies(deleteRule=rule), principal, send("DELETE", record(COMPANIES, BOLT)))


def managed():
    secrets = [{"email": "other@example.com"}, {"verified": True}, {"emailVisibility": True}, {"password": "another password", "passwordConfirm": "another password"},
               {"password": "another password", "passwordConfirm": "another password", "oldPassword": "wrong password"},
               {"password": "another password", "passwordConfirm": "another password", "oldPassword": PASSWORD}, {"tokenKey": "x" * 40}]
    for manage in [None, STAFF, SELF, f"{STAFF} && {SAME_COMPANY}"]:
        for principal in PRINCIPALS:
            for target in [BOB, CAT]:
                for body in secrets:
                    yield case("manage", users(updateRule=LOGGED_IN, manageRule=manage), principal, send("PATCH", record(USERS, target), body))
    for manage in [None, STAFF, LOGGED_IN, f"{STAFF} && {SAME_COMPANY}"]:
        for principal in PRINCIPALS:
            rules = users(listRule="", viewRule="", manageRule=manage)
            yield case("manage", rules, principal, get(f"{USERS}/records?sort=id"), *[get(record(USERS, target)) for target in [BOB, CAT]])
            rules = users(createRule="", manageRule=manage)
            yield case("manage", rules, principal, send("POST", f"{USERS}/records", new_person(verified=True)))


def logins():
    rules = ["", None, "verified = true", "users_status = 1", LOGGED_IN, SELF, "@request.context = 'password'", "company_id = 'ACME'", "@request.body.identity != ''", "@request.method = 'POST'"]
    for rule in rules:
        for principal in ["guest", "user", "staff"]:
            login = send("POST", f"{USERS}/auth-with-password", {"identity": "bob@example.com", "password": PASSWORD})
            wrong = send("POST", f"{USERS}/auth-with-password", {"identity": "bob@example.com", "password": "wrong password"})
            yield case("auth", users(authRule=rule), principal, login, wrong, send("POST", f"{USERS}/auth-refresh"))


def batch(*requests):
    return send("POST", "/api/batch", {"requests": list(requests)})


def batches():
    def patch(target, body):
        return {"method": "PATCH", "url": record(USERS, target), "body": body}

    def post(body):
        return {"method": "POST", "url": f"{USERS}/records", "body": body}

    def put(body):
        return {"method": "PUT", "url": f"{USERS}/records", "body": body}

    def remove(target):
        return {"method": "DELETE", "url": record(USERS, target), "body": {}}

    requests = [
        batch(patch(BOB, {"users_name": "one"}), patch(CAT, {"users_name": "two"})),
        batch(patch(CAT, {"company_id": "ACME"}), patch(CAT, {"users_name": "two"})),
        batch(patch(DAN, {"company_id": "BOLT"}), patch(DAN, {"users_name": "two"})),
        batch(post(new_person()), patch(NEW, {"users_name": "two"})),
        batch(post(new_person(company_id="BOLT")), patch(NEW, {"users_name": "two"})),
        batch(put({**new_person(), "users_name": "put"})),
        batch(put({"id": DAN, "users_name": "put"})),
        batch(put({"id": CAT, "users_name": "put"})),
        batch(remove(DAN), patch(DAN, {"users_name": "two"})),
        batch(remove(CAT)),
        batch(patch(BOB, {"users_rank_level": 9}), patch(BOB, {"users_name": "two"})),
        batch(patch(ANN, {"users_rank_level": 0}), patch(DAN, {"users_name": "two"})),
    ]
    company = f"{SAME_COMPANY} && {LOGGED_IN}"
    for rules in [
        dict(updateRule=OWN_STAFF, createRule=STAFF, deleteRule=OWN_STAFF),
        dict(updateRule=company, createRule=SAME_COMPANY, deleteRule=None),
        dict(updateRule="", createRule="", deleteRule=""),
        dict(updateRule=OWN_RANK, createRule=None, deleteRule=None),
    ]:
        for principal in PRINCIPALS:
            for request in requests:
                yield case("batch", users(**rules), principal, request)


# Rules that look at other records than the one that they are asked about.
COMPANY_ACTIVE = "@collection.tbl_company.company_id ?= company_id && @collection.tbl_company.company_status ?= 1"
ITSELF = "@collection.tbl_auth_users.id ?= id"
COLLEAGUES = "@collection.tbl_auth_users:own.id ?= @request.auth.id && @collection.tbl_auth_users:own.company_id ?= company_id"
NO_NAMESAKE = "@collection.tbl_auth_users:other.users_name != 'taken'"


def joined_batches():
    def request(method, url, body=None):
        return {"method": method, "url": url, "body": body or {}}

    def patch(target, body):
        return request("PATCH", record(USERS, target), body)

    named = {"users_name": "two"}
    requests = [
        batch(patch(BOB, named), patch(DAN, named)),
        batch(patch(CAT, named)),
        batch(request("PATCH", record(COMPANIES, BOLT), {"company_status": 1}), patch(CAT, named)),
        batch(request("PATCH", record(COMPANIES, ACME), {"company_status": 0}), patch(BOB, named)),
        batch(request("DELETE", record(COMPANIES, ACME)), patch(BOB, named)),
        batch(request("POST", f"{COMPANIES}/records", {"id": NEW, "company_id": "NEWCO", "company_name": "New", "company_status": 1}), patch(BOB, {"company_id": "NEWCO"}), patch(BOB, named)),
        batch(request("POST", f"{USERS}/records", new_person()), patch(NEW, named)),
        batch(patch(BOB, {"company_id": "BOLT"}), patch(CAT, named)),
        batch(patch(BOB, {"company_id": "BOLT"}), patch(DAN, named)),
        batch(patch(BOB, {"users_name": "taken"}), patch(BOB, named)),
        batch(patch(BOB, {"users_name": "taken"}), patch(BOB, {"users_name": "x", "users_status": 0}), patch(DAN, named)),
        batch(request("DELETE", record(USERS, DAN)), patch(BOB, named)),
        batch(request("DELETE", record(USERS, BOB)), patch(DAN, named)),
    ]
    for rule in [COMPANY_ACTIVE, ITSELF, COLLEAGUES, NO_NAMESAKE]:
        rules = {"tbl_auth_users": dict(updateRule=rule, createRule=COMPANY_ACTIVE, deleteRule=rule), "tbl_company": dict(updateRule="", createRule="", deleteRule="")}
        for principal in PRINCIPALS:
            for request_of_batch in requests:
                yield case("batch", rules, principal, request_of_batch)


def joined_listeners():
    topics = ["tbl_auth_users/*", f"tbl_auth_users/{DAN}", f"tbl_auth_users/{CAT}"]
    changes = [
        send("PATCH", record(USERS, DAN), {"users_name": "renamed"}), send("PATCH", record(USERS, CAT), {"users_status": 0}), send("PATCH", record(USERS, CAT), {"company_id": "ACME"}),
        send("PATCH", record(USERS, BOB), {"company_id": "BOLT"}), send("PATCH", record(USERS, DAN), {"users_name": "taken"}),
        send("POST", f"{USERS}/records", new_person()), send("DELETE", record(USERS, DAN)), send("DELETE", record(USERS, CAT)),
    ]
    for rule in [COMPANY_ACTIVE, ITSELF, COLLEAGUES, NO_NAMESAKE]:
        for principal in PRINCIPALS:
            rules = {"tbl_auth_users": dict(listRule=rule, viewRule=rule), "tbl_company": {"viewRule": ""}}
            yield {**case("realtime", rules, principal, *changes), "topics": topics}


def listeners():
    everybody = {"tbl_company": {"viewRule": ""}}
    topics = ["tbl_auth_users/*", f"tbl_auth_users/{DAN}", f"tbl_auth_users/{CAT}", f"tbl_auth_users/{BOB}"]
    rules = [dict(listRule=None, viewRule=None), dict(listRule="", viewRule=SELF), dict(listRule=SELF, viewRule=""), dict(listRule=OWN_STAFF, viewRule=OWN_STAFF),
             dict(listRule=LOGGED_IN, viewRule="emailVisibility = true"), dict(listRule="users_status = 0", viewRule="users_name = 'renamed'"),
             dict(listRule="", viewRule="", manageRule=f"{STAFF} && {SAME_COMPANY}"), dict(listRule="@request.context = 'realtime'", viewRule="@request.query.key = 'k'"),
             dict(listRule="@request.headers.x_key = 'k'", viewRule="@request.method = 'GET'")]
    changes = [
        send("PATCH", record(USERS, DAN), {"users_name": "renamed"}), send("PATCH", record(USERS, CAT), {"users_status": 0}),
        send("PATCH", record(USERS, BOB), {"company_id": "BOLT"}), send("PATCH", record(USERS, CAT), {"users_promo_code": "y"}),
        send("POST", f"{USERS}/records", new_person()), send("DELETE", record(USERS, DAN)), send("DELETE", record(USERS, CAT)),
    ]
    options = "?options=%7B%22query%22%3A%7B%22key%22%3A%22k%22%7D%2C%22headers%22%3A%7B%22x_key%22%3A%22k%22%7D%7D"
    filtered = "?options=%7B%22query%22%3A%7B%22filter%22%3A%22users_rank_level%20%3D%200%22%7D%7D"
    for rule in rules:
        for principal in PRINCIPALS:
            more = ["tbl_auth_users", f"tbl_auth_users/*{options}", f"tbl_auth_users/{CAT}{options}", f"tbl_auth_users/*{filtered}"]
            yield {**case("realtime", {**users(**rule), **everybody}, principal, *changes), "topics": topics + more}


def cases():
    for part in [lists, views, creates, updates, deletions, managed, logins, batches, listeners, joined_batches, joined_listeners]:
        yield from part()
