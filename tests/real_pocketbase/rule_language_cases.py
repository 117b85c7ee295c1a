"""Collections, records and rules that record_rule_language.py asks a real PocketBase about."""

import random


def text(name, **more):
    return {"type": "text", "name": name, **more}


def number(name):
    return {"type": "number", "name": name}


def choice(name, values, most=1):
    return {"type": "select", "name": name, "maxSelect": most, "values": values}


def relation(name, collection, most=1):
    return {"type": "relation", "name": name, "collectionId": collection, "maxSelect": most}


# Relations name their collection; the recorder puts its id there. No text that a test sends fits into `stop`.
FIELDS = {
    "tbl_company": [text("company_id"), text("company_name"), number("company_status"), choice("tags", ["a", "b", "c"], 3), relation("owner", "tbl_auth_users"),
                    relation("members", "tbl_auth_users", 5), {"type": "json", "name": "meta"}],
    "tbl_auth_users": [text("openid"), text("company_id"), text("users_name"), text("users_level"), number("users_rank_level"), choice("users_type", ["guest", "member"]),
                       choice("tags", ["a", "b", "c"], 3), relation("company", "tbl_company"), relation("parent", "tbl_auth_users"),
                       relation("friends", "tbl_auth_users", 5), {"type": "json", "name": "meta"}, text("stop", max=3)],
}


def company(n, company_id, name="", status=0, tags=(), owner=None, members=()):
    return {"id": f"company{n:08d}", "company_id": company_id, "company_name": name, "company_status": status, "tags": list(tags),
            "owner": user_id(owner), "members": [user_id(member) for member in members]}


def user_id(n):
    return "" if n is None else f"user{n:011d}"


def user(n, company_id="", name="", level="", rank=0, kind="", tags=(), company=None, parent=None, friends=(), verified=False, shown=False):
    return {"id": user_id(n), "openid": f"o{n}", "company_id": company_id, "users_name": name, "users_level": level, "users_rank_level": rank, "users_type": kind,
            "tags": list(tags), "company": "" if company is None else f"company{company:08d}", "parent": user_id(parent),
            "friends": [user_id(friend) for friend in friends], "verified": verified, "emailVisibility": shown, "email": f"u{n}@example.com"}


COMPANIES = [
    company(0, "ACME", "Acme", 1, ["a", "b"], 1, [0, 1, 2]),
    company(1, "BOLT", "Bolt", 0, ["a"], 4, [4]),
    company(2, "CORE", "core", 2, [], None, []),
    company(3, "ACME2", "Acme", 1, ["a", "b", "c"], 1, [0]),
]
USERS = [
    user(0, "ACME", "Ann", "1", 5, "member", ["a"], 0, None, [1, 2], True, True),
    user(1, "ACME", "bob", "vip", 1, "guest", ["a", "b"], 0, 0, [0], False, True),
    user(2, "BOLT", "Cat", "5", 0, "", [], 1, 0, [], True),
    user(3, "", "", "", 0, "member", ["c"], None, 1, [3, 4]),
    user(4, "BOLT", "Dan", "VIP", 1.5, "guest", ["b", "c"], 1, None, [2]),
    user(5, "NONE", "ann", "10", -1, "", ["a", "b", "c"], 2, 5, [0, 5]),
]
# Who asks: nobody, and users by number.
WHO = [None, 0, 1, 2, 3]

OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~", "?!~"]

# Rules of users, for whom all of WHO ask.
USER_RULES = [
    "id = @request.auth.id", "@request.auth.id != ''", "@request.auth.id = ''", "@request.auth.id = null", "@request.auth.users_rank_level >= 1",
    "@request.auth.users_rank_level > users_rank_level", "company_id = @request.auth.company_id", "company_id != @request.auth.company_id",
    "company_id = @request.auth.company_id && company_id != ''", "@request.auth.verified = true", "@request.auth.verified = verified", "@request.auth.verified:isset = true",
    "@request.auth.emailVisibility = true", "@request.auth.email = email", "email ~ 'example'", "email = 'u3@example.com'", "@request.auth.email ~ 'u1'",
    "@request.auth.collectionName = 'tbl_auth_users'", "@request.auth.collectionName = ''", "@request.auth.collectionId != ''", "@request.auth.collectionName:lower = 'tbl_auth_users'",
    "@request.auth.nope = ''", "@request.auth.nope != ''", "@request.auth.nope.deeper = ''", "@request.auth.nope:isset = true", "@request.auth.users_name:lower = users_name:lower",
    "@request.auth.users_name = users_name", "users_name ~ @request.auth.users_name", "@request.auth.users_level = users_rank_level", "@request.auth.users_rank_level = users_level",
    "@request.auth.users_level > 1", "@request.auth.users_level = 1", "@request.auth.users_level = '1'", "@request.auth.users_rank_level = '5'", "@request.auth.users_rank_level ~ 5",
    "@request.auth.users_type = users_type", "@request.auth.users_type:length = 1", "@request.auth.users_type:each = 'member'", "@request.auth.tags:length > 1",
    "@request.auth.tags ~ 'b'", "@request.auth.tags = tags", "@request.auth.tags:each = 'a'", "@request.auth.tags:each ?= 'a'", "@request.auth.tags:each != 'a'", "@request.auth.tags:each ?!= 'a'",
    "tags:each = @request.auth.tags:each", "tags:each ?= @request.auth.tags:each", "tags:each != @request.auth.tags:each", "tags:each ?= 'a' && tags:each ?= 'b'",
    "tags:each ?= 'a' || tags:each ?= 'c'", "tags:each = 'a'", "tags:each != 'a'", "tags:each ~ 'a'", "tags:each ?~ 'b' && tags:length = 2", "tags:each > 'a'", "tags:each ?> 'a'", "tags:each = ''", "tags:each = null",
    "tags:each !~ 'a'", "tags:each <= 'b'", "tags:each:lower = 'a'",
    "@request.auth.company.company_name = 'Acme'", "@request.auth.company.company_status > 0", "@request.auth.company.id = company", "@request.auth.company = company",
    "@request.auth.company.nope = ''", "@request.auth.company.company_name = company.company_name", "@request.auth.company.company_name:lower = 'acme'", "@request.auth.company.tags:each ?= 'b'",
    "@request.auth.company.tags:each = tags:each", "@request.auth.company.tags:length = 2", "@request.auth.company.owner.users_name = 'bob'", "@request.auth.company.owner = @request.auth.id",
    "@request.auth.company.owner.id = @request.auth.id", "@request.auth.friends = id", "@request.auth.friends ~ id", "@request.auth.friends.id = id", "@request.auth.friends.id ?= id", "@request.auth.friends:each ?= id",
    "@request.auth.friends.users_name = 'Ann'", "@request.auth.friends.users_name ?= 'Ann'", "@request.auth.friends.company.company_name ?= 'Acme'", "@request.auth.friends.id ?= id && @request.auth.friends.users_rank_level ?> 0",
    "@request.auth.friends.friends.id ?= id", "@request.auth.parent.parent.id = id", "@request.auth.parent.users_name = users_name",
    "company.company_name = 'Acme'", "company.company_name != 'Acme'", "company.company_name = ''", "company.company_status > 0", "company.id = 'company00000000'", "company.id:lower = 'company00000000'", "company = ''", "company:length = 1",
    "company:each = 'company00000000'", "company.company_id = company_id", "company.company_id ?= company_id", "company.owner = id", "company.owner.id = id", "company.owner.users_name ~ 'b'", "company.members.id ?= id", "company.members.id = id",
    "company.members:each ?= id", "company.members:length > 1", "company.members.users_name ?= 'bob' && company.members.users_rank_level ?= 5", "company.members.users_name ?= 'bob' && company.members.users_rank_level ?= 1",
    "company.tags:each ?= 'b'", "company.tags:each != 'b'", "friends.users_name ?= 'Ann'", "friends.users_name = 'Ann'", "friends.users_name != 'Ann'", "friends.users_name ?!= 'Ann'", "friends.users_rank_level > 0", "friends.users_rank_level < 0",
    "friends.users_rank_level ?> 0", "friends:length = 0", "friends:length > 1", "friends:each ?= @request.auth.id", "friends:each = @request.auth.id", "friends.id ?= id", "friends.email ?= 'u0@example.com'", "friends.parent.users_name ?= 'Ann'",
    "friends.company.company_name = 'Acme'", "friends.company.company_name ?~ 'b'", "friends.friends.users_name ?= 'Dan'", "friends.company.tags:each ?= 'a'", "friends.company.tags:each = 'a'", "friends.users_name = ''", "friends.nope = ''",
    "parent.users_name = 'Ann'", "parent.users_name = ''", "parent.users_name = null", "parent.users_name != null", "parent.parent.users_name = 'Ann'", "parent.id = @request.auth.id", "parent.parent.parent.parent.parent.parent.users_name = 'ann'",
    "parent.parent.parent.parent.parent.parent.parent.users_name = 'ann'",
    "tbl_auth_users_via_parent.users_name = 'bob'", "tbl_auth_users_via_parent.users_name ?= 'bob'", "tbl_auth_users_via_parent.id ?= @request.auth.id", "tbl_auth_users_via_friends.users_name ?= 'Ann'", "tbl_auth_users_via_friends.users_name != 'Ann'",
    "tbl_company_via_owner.company_id ?= 'ACME'", "tbl_company_via_owner.company_id = 'ACME'", "tbl_company_via_owner.company_name = 'Acme'", "tbl_company_via_members.id ?= company", "tbl_company_via_members.owner.id ?= id", "tbl_company_via_owner.tags:each ?= 'c'",
    "tbl_company_via_owner.company_id = ''", "tbl_company_via_nope.id = ''", "tbl_company_via_company_id.id = ''", "nope_via_owner.id = ''", "tbl_auth_users_via_company.id = ''", "tbl_company_via_owner = ''",
    "@request.auth.tbl_company_via_owner.company_id ?= 'ACME'", "@request.auth.tbl_auth_users_via_parent.id ?= id", "@request.auth.nope_via_owner.id = ''",
    "company_id.company_name = 'Acme'", "@request.auth.users_name.x = 'Acme'", "users_name.x = 1", "nope = 1", "nope.x = 1", "@request.nope = 1", "@request.auth = ''", "@request.method.x = 1", "@request.body = 1",
    "@collection.tbl_company.company_id = company_id", "@collection.tbl_company.company_id ?= company_id", "@collection.tbl_company.company_id ?= company_id && @collection.tbl_company.company_status ?= 1",
    "@collection.tbl_company.company_id ?= company_id && @collection.tbl_company:other.company_status ?= 2", "@collection.tbl_company:a.company_id ?= company_id && @collection.tbl_company:a.company_status ?= 1",
    "@collection.tbl_company:a.company_id ?= company_id && @collection.tbl_company:b.company_status ?= 2", "@collection.tbl_company.company_id ?= company_id && @collection.tbl_company:b.company_id ?= @request.auth.company_id",
    "@collection.tbl_company.company_id ?= @request.auth.company_id && @collection.tbl_company.company_status ?= 1", "@collection.tbl_company.company_status >= 0", "@collection.tbl_company.company_status > 0", "@collection.tbl_company.company_status ?> 1",
    "@collection.tbl_company.company_id != company_id", "@collection.tbl_company.company_id ?!= company_id", "@collection.tbl_company.company_id = 'ACME' || users_name = 'Dan'", "@collection.tbl_company.company_id ?= 'ACME' || users_name = 'Dan'",
    "@collection.tbl_company.company_id ?= 'ACME' && users_name = 'Dan'", "@collection.tbl_company.company_id ?= 'XXXX' || users_name = 'Dan'", "@collection.tbl_company.owner ?= id", "@collection.tbl_company.owner.users_name ?= 'bob'",
    "@collection.tbl_company.owner.id ?= @request.auth.id && @collection.tbl_company.company_id ?= company_id", "@collection.tbl_company.members.id ?= id", "@collection.tbl_company.members:each ?= id", "@collection.tbl_company.members:length ?= 3", "@collection.tbl_company.members:length = 3",
    "@collection.tbl_company.tags:each ?= 'c'", "@collection.tbl_company.tags:each ?= tags:each", "@collection.tbl_company.tags:each = tags:each", "@collection.tbl_company.company_name:lower ?= 'core'", "@collection.tbl_company.company_name ?~ 'ac'", "@collection.tbl_company.company_name !~ 'ac'",
    "@collection.tbl_company.company_name !~ 'x'", "@collection.tbl_company.company_id ?= @collection.tbl_auth_users.company_id", "@collection.tbl_company.company_id = @collection.tbl_auth_users.company_id", "@collection.tbl_company.company_id != @collection.tbl_auth_users.company_id",
    "@collection.tbl_auth_users.parent ?= id", "@collection.tbl_auth_users.parent ?= id && @collection.tbl_auth_users.id ?= @request.auth.id", "@collection.tbl_auth_users.id ?= id", "@collection.tbl_auth_users.id = id", "@collection.tbl_auth_users.id ?= parent && @collection.tbl_auth_users.users_rank_level ?= 5",
    "@collection.tbl_auth_users:p.id ?= parent && @collection.tbl_auth_users:g.id ?= @collection.tbl_auth_users:p.parent", "@collection.tbl_auth_users.friends.id ?= id", "@collection.tbl_auth_users.tbl_company_via_owner.company_id ?= company_id",
    "(@collection.tbl_company.company_id ?= company_id && @collection.tbl_company.company_status ?= 1) || (@collection.tbl_company.company_id ?= company_id && users_name = 'Cat')",
    "(@collection.tbl_company.company_id ?= 'ACME' || @collection.tbl_company.company_status ?= 0) && @collection.tbl_company.company_id ?= company_id", "@collection.tbl_company.nope = 1", "@collection.nope.id = 1", "@collection.tbl_company = 1", "@collection.tbl_company.company_name.x = 1",
    "@collection.tbl_company.meta = null", "@collection._superusers.email ?= email", "@collection._superusers.email ?= @request.auth.email || id = @request.auth.id", "@collection._superusers.id ?!= ''", "@collection.tbl_company.id:isset ?= 'company00000001'",
    "@request.method = 'GET'", "@request.method = 'get'", "@request.method:lower = 'get'", "@request.method != 'PATCH'", "@request.context = 'default'", "@request.context != 'batch'", "@request.query.x = ''", "@request.query.x:isset = false", "@request.headers.nope = ''",
    "@request.headers.nope:isset = true", "@request.body.x = ''", "@request.body.x:isset = false", "@request.body.users_name:isset = false", "@request.body.users_name:changed = false", "@request.body.users_name:changed = true", "@request.body.tags:length = 0", "@request.body.tags:each = ''",
    "@request.body.tags:each ?= 'a'", "@request.body.users_name:lower = ''", "@request.body.users_name:each = ''", "@request.body.users_name:length = 0", "@request.body.nope:changed = false", "@request.body.nope:length = 0", "@request.body.nope:each = 1", "@request.body.nope:lower = ''",
    "@request.query.x:length = 0", "@request.query.x:each = ''", "@request.query.x:changed = true", "@request.query.x:what = true", "@request.body.users_name:what = 1", "@request.auth.users_name:what = 1", "@request.auth.id:changed = 1", "users_name:isset = 'Ann'", "users_name:changed = 'Ann'", "users_name:length = 'Ann'", "users_name:each = 'Ann'",
    "id = @request.auth.id || @request.auth.users_rank_level >= 5", "(id = @request.auth.id || parent = @request.auth.id) && verified = false", "@request.auth.id = id && @request.auth.id != ''", "@request.auth.users_rank_level = 5 && (company_id = @request.auth.company_id || verified = true)",
    "@request.auth.id != '' && (", "id = ", "id == 1", "id = 'x' &", "(id = 1", "id = 'x", "id = 1)", "= 1", "id 1", "strftime('%Y', created) = '2020'", "@now > created", "// a comment\nid = @request.auth.id", "tokenKey = ''", "password != ''", "@request.auth.tokenKey != ''", "1 = 1", "1 = 2", "id = id", "null = @request.auth.id", "true = @request.auth.verified", "@request.auth.verified = 1", "@request.auth.verified = '1'",
    "@request.auth.verified ~ 'true'", "@request.auth.users_name ~ 'a%'", "users_level ~ @request.auth.users_level", "@request.auth.users_rank_level ~ users_level",
    "collectionName = 'tbl_auth_users'", "collectionId != ''", "@request.auth.created <= created || @request.auth.created > created",
]
USER_RULES += [f"@collection.tbl_company.company_status {op} users_rank_level" for op in OPERATORS]
USER_RULES += [f"users_level {op} @collection.tbl_company.company_status" for op in OPERATORS]
USER_RULES += [f"friends.users_level {op} users_level" for op in OPERATORS]
USER_RULES += [f"@request.auth.users_level {op} users_level" for op in OPERATORS]
USER_RULES += [f"@request.auth.friends.users_rank_level {op} 1" for op in OPERATORS]
USER_RULES += [f"parent.users_level {op} ''" for op in OPERATORS]

# What there is not has a length, and nobody has nothing.
USER_RULES += ["parent.friends:length = 0", "parent.users_type:length = 0", "parent.users_name:length = ''", "company.tags:length ?< 1", "tbl_company_via_owner.members:length = 0", "tbl_auth_users_via_parent.tags:length ?>= 0",
               "@collection.tbl_company.owner.tags:length ?= 0", "@request.auth.parent.friends:length = 0", "@request.auth.parent.users_type:length ?!= ''", "@request.auth.tbl_company_via_members.tags:length != 3",
               "@request.auth.friends:each = ''", "@request.auth.friends.users_name != 'x'"]


def random_field(rng, collection, depth):
    """A field of users or companies, perhaps through relations."""
    relations = {"tbl_auth_users": [("company", "tbl_company"), ("parent", "tbl_auth_users"), ("friends", "tbl_auth_users"), ("tbl_auth_users_via_parent", "tbl_auth_users"),
                                    ("tbl_auth_users_via_friends", "tbl_auth_users"), ("tbl_company_via_owner", "tbl_company"), ("tbl_company_via_members", "tbl_company")],
                 "tbl_company": [("owner", "tbl_auth_users"), ("members", "tbl_auth_users"), ("tbl_auth_users_via_company", "tbl_auth_users")]}
    fields = {"tbl_auth_users": ["id", "company_id", "users_name", "users_level", "users_rank_level", "users_type", "tags", "company", "parent", "friends", "verified", "email", "emailVisibility",
                                 "users_name:lower", "tags:each", "tags:length", "friends:each", "friends:length", "users_type:each", "users_type:length", "company:length", "company:each", "parent:lower"],
              "tbl_company": ["id", "company_id", "company_name", "company_status", "tags", "owner", "members", "tags:each", "tags:length", "members:each", "members:length", "company_name:lower"]}
    if depth > 0 and rng.random() < 0.35:
        name, target = rng.choice(relations[collection])
        return f"{name}.{random_field(rng, target, depth - 1)}"
    return rng.choice(fields[collection])


def random_operand(rng):
    kind = rng.random()
    if kind < 0.3:
        return random_field(rng, "tbl_auth_users", 2)
    if kind < 0.5:
        return "@request.auth." + random_field(rng, "tbl_auth_users", 2)
    if kind < 0.68:
        collection, alias = rng.choice(["tbl_company", "tbl_auth_users"]), rng.choice(["", ":a"])
        # Of two collections with one alias PocketBase takes the last.
        alias = alias and alias + collection[-1]
        return f"@collection.{collection}{alias}.{random_field(rng, collection, 1)}"
    return rng.choice(["''", "'Ann'", "'bob'", "'1'", "1", "5", "0", "null", "true", "false", "'a'", "'b'", "'ACME'", "'BOLT'", "'company00000000'", "'user00000000000'", "'%a%'", "1.5", "-1", "'5'", "'vip'",
                       "@request.method", "@request.query.x", "@request.auth.nope"])


def random_rule(rng):
    compare = lambda: f"{random_operand(rng)} {rng.choice(OPERATORS + ['=', '?='] * 3)} {random_operand(rng)}"
    rule = compare()
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        rule = f"{rule} {rng.choice(['&&', '||'])} {compare()}"
        if rng.random() < 0.3:
            rule = f"({rule})"
    return rule


USER_RULES += [random_rule(random.Random(n)) for n in range(400)]

COMPANY_RULES = [
    "company_id = @request.auth.company_id", "owner = @request.auth.id", "owner.id = @request.auth.id", "members ~ @request.auth.id", "members.id ?= @request.auth.id", "members:each ?= @request.auth.id", "members.id = @request.auth.id", "members.company_id ?= company_id",
    "@request.auth.company.id = id", "id = @request.auth.company", "@collection.tbl_auth_users.company_id ?= company_id && @collection.tbl_auth_users.id ?= @request.auth.id", "@collection.tbl_auth_users.company_id ?= company_id",
    "@collection.tbl_auth_users.company ?= id && @collection.tbl_auth_users.users_rank_level ?>= 5", "tbl_auth_users_via_company.id ?= @request.auth.id", "tbl_auth_users_via_company.users_rank_level ?> 1", "tbl_auth_users_via_company.users_rank_level > 0",
    "company_status = 1 && @request.auth.verified = true", "tags:each ?= @request.auth.tags:each", "tags ~ @request.auth.users_type", "members.tags:each ?= 'c'", "members.friends.id ?= @request.auth.id", "owner.company.company_id = company_id", "email = ''",
    "@request.auth.company_id ?= company_id", "@request.query.id = id", "company_status = @request.query.company_status",
]

# Rule, parameters of the query, headers.
REQUESTS = [
    ("users_name = @request.query.name", {"name": "Ann"}, {}), ("users_name = @request.query.name", {"name": ""}, {}), ("users_name:lower = @request.query.name:lower", {"name": "ANN"}, {}), ("@request.query.name:isset = true", {"name": ""}, {}),
    ("@request.query.name:isset = true", {}, {}), ("@request.query.name = null", {"name": ""}, {}), ("users_name ~ @request.query.name", {"name": "a%"}, {}), ("users_name ~ @request.query.name", {"name": "n"}, {}),
    ("users_rank_level = @request.query.users_rank_level", {"users_rank_level": "5"}, {}), ("users_rank_level = @request.query.rank", {"rank": "5"}, {}), ("users_level = @request.query.users_rank_level", {"users_rank_level": "5"}, {}),
    ("users_level = @request.query.rank", {"rank": "5"}, {}), ("@request.query.users_rank_level = 5", {"users_rank_level": "5"}, {}), ("@request.query.rank = 5", {"rank": "5"}, {}), ("@request.query.users_rank_level > 4", {"users_rank_level": "5"}, {}),
    ("@request.query.rank > 4", {"rank": "5"}, {}), ("@request.query.users_rank_level ~ 5", {"users_rank_level": "5"}, {}), ("users_level ~ @request.query.users_rank_level", {"users_rank_level": "1.0"}, {}), ("@request.query.users_rank_level:lower = '5'", {"users_rank_level": "5"}, {}),
    ("@request.query.users_rank_level = 'x'", {"users_rank_level": "x"}, {}), ("@request.query.name.x = ''", {"name": "Ann"}, {}), ("@request.query.name.x:isset = true", {"name": "Ann"}, {}), ("@request.query.page = 1", {"page": "1"}, {}), ("@request.query.page = '1'", {"page": "1"}, {}),
    ("@request.headers.x_token = 'abc'", {}, {"X-Token": "abc"}), ("@request.headers.x_token = 'ABC'", {}, {"X-Token": "abc"}), ("@request.headers.X_Token = 'abc'", {}, {"X-Token": "abc"}), ("@request.headers.x_token:isset = true", {}, {"X-Token": ""}),
    ("@request.headers.x_token:lower = users_name:lower", {}, {"X-Token": "BOB"}), ("users_name = @request.headers.x_token", {}, {"X-Token": "bob"}), ("@request.headers.xtoken = 'abc'", {}, {"XToken": "abc"}), ("@request.headers.x_token2 = 'abc'", {}, {"X-Token2": "abc"}),
    ("@request.headers.users_rank_level = 5", {}, {"Users-Rank-Level": "5"}), ("@request.headers.accept:isset = true", {}, {"Accept": "text/x"}), ("@collection.tbl_company.company_id ?= @request.query.c && company_id = @request.query.c", {"c": "BOLT"}, {}),
    ("@request.query.c = @collection.tbl_company.company_id", {"c": "BOLT"}, {}), ("@request.query.c ?= @collection.tbl_company.company_id", {"c": "BOLT"}, {}), ("tags:each = @request.query.t", {"t": "a"}, {}), ("@request.query.t != tags:each", {"t": "a"}, {}), ("@request.query.t ?!= tags:each", {"t": "a"}, {}),
]

# Rule of changes, body. User 0 asks to change each of the users.
LONG = {"stop": "too long"}
CHANGES = [
    ("@request.body.users_name:isset = true", {"users_name": "Ann"}), ("@request.body.users_name:isset = false", {"users_name": "Ann"}), ("@request.body.users_name:isset = true", {"users_name": None}), ("@request.body.users_name:changed = true", {"users_name": "Ann"}),
    ("@request.body.users_name:changed = false", {"users_name": "Ann"}), ("@request.body.users_name:changed = false", {"users_name": None}), ("@request.body.users_name:changed = true", {"users_name": ""}), ("@request.body.users_name:changed != true", {"users_name": "Ann"}),
    ("@request.body.users_name:changed != false", {"users_name": "Ann"}), ("@request.body.users_name:changed = 1", {"users_name": "Ann"}), ("@request.body.users_name:changed = 'true'", {"users_name": "Ann"}), ("@request.body.users_name:changed = null", {"users_name": "Ann"}), ("@request.body.users_name:changed = ''", {}),
    ("@request.body.users_name:changed > 0", {"users_name": "Ann"}), ("@request.body.users_name:changed ~ 1", {"users_name": "Ann"}), ("@request.body.users_name:changed = verified", {"users_name": "Ann"}), ("@request.body.users_name:changed = @request.body.users_level:changed", {"users_name": "Ann", "users_level": "1"}),
    ("true = @request.body.users_name:changed", {"users_name": "Ann"}), ("@request.body.users_rank_level:changed = false", {"users_rank_level": 5}), ("@request.body.users_rank_level:changed = false", {"users_rank_level": "5"}), ("@request.body.users_rank_level:changed = false", {"users_rank_level": None}),
    ("@request.body.users_rank_level:changed = false", {"users_rank_level": "x"}), ("@request.body.users_rank_level:changed = true", {"users_rank_level": 0}), ("@request.body.users_rank_level:changed = false", {"users_rank_level+": 0}), ("@request.body.users_rank_level:changed = true", {"users_rank_level+": 1}),
    ("@request.body.users_rank_level:isset = true", {"users_rank_level+": 1}), ("@request.body.users_rank_level = 2", {"users_rank_level+": 1}), ("@request.body.users_rank_level > users_rank_level", {"users_rank_level": 1}), ("@request.body.users_rank_level <= 1", {"users_rank_level": 1}), ("@request.body.users_rank_level <= 1", {}),
    ("@request.body.users_rank_level <= @request.auth.users_rank_level", {"users_rank_level": 6}), ("@request.body.users_rank_level <= @request.auth.users_rank_level", {"users_rank_level": 5}), ("@request.body.users_level = 1", {"users_level": 1}), ("@request.body.users_level = '1'", {"users_level": 1}), ("@request.body.users_level = users_level", {"users_level": 1}),
    ("@request.body.users_level ~ 1", {"users_level": 1}), ("users_level ~ @request.body.users_level", {"users_level": 1}), ("@request.body.users_level:lower = users_level:lower", {"users_level": "ViP"}), ("@request.body.users_level:lower = 1", {"users_level": 1}), ("@request.body.users_level:lower = '1'", {"users_level": 1}), ("@request.body.users_level:lower = ''", {}),
    ("@request.body.users_level:lower = 'true'", {"users_level": True}), ("@request.body.verified = true", {"verified": True}), ("@request.body.verified = 1", {"verified": True}), ("@request.body.verified ~ 'true'", {"verified": True}), ("@request.body.verified = verified", {"verified": True}), ("@request.body.verified:changed = false", {"verified": True}),
    ("@request.body.verified:changed = false", {"verified": False}), ("@request.body.verified = ''", {"verified": False}), ("@request.body.verified != ''", {"verified": False}), ("@request.body.tags:length = 2", {"tags": ["a", "b"]}), ("@request.body.tags:length = 1", {"tags": ["a"]}), ("@request.body.tags:length = 1", {"tags": "a"}), ("@request.body.tags:length = 0", {"tags": []}),
    ("@request.body.tags:length > tags:length", {"tags": ["a", "b"]}), ("@request.body.tags:length = tags:length", {"tags": ["a", "b"]}), ("@request.body.tags:length = users_level", {"tags": ["a"]}), ("@request.body.tags:length = users_level", {"tags": ["a", "b", "c", "a", "b"]}), ("@request.body.tags:length != ''", {"tags": []}), ("@request.body.tags:each ?= 'a'", {"tags": ["a", "b"]}),
    ("@request.body.tags:each = 'a'", {"tags": ["a", "b"]}), ("@request.body.tags:each = 'a'", {"tags": ["a"]}), ("@request.body.tags:each != 'c'", {"tags": ["a", "b"]}), ("@request.body.tags:each ?= tags:each", {"tags": ["a", "b"]}), ("@request.body.tags:each = tags:each", {"tags": ["a"]}), ("@request.body.tags:each ~ 'a'", {"tags": ["a"]}), ("@request.body.tags:each = 'a'", {"tags": "a"}),
    ("@request.body.tags:each != 'x'", {"tags": []}), ("@request.body.tags:each = ''", {"tags": []}), ("@request.body.tags:each != ''", {"tags": []}), ("@request.body.users_type:each = 'guest'", {"users_type": "guest"}), ("@request.body.users_type:length = 1", {"users_type": "guest"}), ("@request.body.tags:changed = false", {"tags": ["a", "b"]}), ("@request.body.tags:changed = true", {"tags": ["a"]}),
    ("@request.body.tags = tags", {"tags": ["a", "b"]}), ("@request.body.tags ~ 'b'", {"tags": ["a", "b"]}), ("@request.body.tags.0 = 'a'", {"tags": ["a", "b"]}), ("@request.body.tags.1 = 'a'", {"tags": ["a", "b"]}), ("@request.body.tags.5:isset = true", {"tags": ["a", "b"]}), ("@request.body.tags:isset = true", {"tags+": "c"}), ("@request.body.tags:length = 3", {"tags+": "c"}),
    ("@request.body.company = company", {"company": "company00000000"}), ("@request.body.company.company_name = 'Acme'", {"company": "company00000000"}), ("@request.body.company.company_name = company.company_name", {"company": "company00000003"}), ("@request.body.company.company_name = ''", {}), ("@request.body.company.company_name = ''", {"company": "nope"}), ("@request.body.company.company_name != 'x'", {"company": "nope"}),
    ("@request.body.company.owner.id = id", {"company": "company00000000"}), ("@request.body.company.id = @request.auth.company", {"company": "company00000000"}), ("@request.body.company.members.id ?= id", {"company": "company00000000"}), ("@request.body.company.nope = ''", {"company": "company00000000"}), ("@request.body.company:changed = false", {"company": "company00000000"}),
    ("@request.body.friends.users_name ?= 'Ann'", {"friends": [user_id(0), user_id(1)]}), ("@request.body.friends.users_name = 'Ann'", {"friends": [user_id(0), user_id(1)]}), ("@request.body.friends.users_name = 'Ann'", {"friends": [user_id(0)]}), ("@request.body.friends.users_rank_level > 0", {"friends": [user_id(0), user_id(1)]}), ("@request.body.friends.id ?= id", {"friends": [user_id(0), user_id(1)]}),
    ("@request.body.friends.company.company_name ?= 'Bolt'", {"friends": [user_id(2)]}), ("@request.body.friends:length = 2", {"friends": [user_id(0), user_id(1)]}), ("@request.body.friends:each ?= id", {"friends": [user_id(0), user_id(1)]}), ("@request.body.friends:each != @request.auth.id", {"friends": [user_id(2), user_id(1)]}),
    ("@request.body.extra = 'x'", {"extra": "x"}), ("@request.body.extra = 1", {"extra": 1}), ("@request.body.extra = '1'", {"extra": 1}), ("@request.body.extra = users_level", {"extra": 1}), ("@request.body.extra = null", {"extra": None}), ("@request.body.extra:isset = true", {"extra": None}), ("@request.body.extra = true", {"extra": True}), ("@request.body.extra = 1.5", {"extra": 1.5}),
    ("@request.body.extra.a.b = 1", {"extra": {"a": {"b": 1}}}), ("@request.body.extra.a.1.c = 'x'", {"extra": {"a": [0, {"c": "x"}]}}), ("@request.body.extra.a:isset = true", {"extra": {"a": None}}), ("@request.body.extra.b:isset = true", {"extra": {"a": None}}), ("@request.body.extra = '{\"a\":1,\"b\":[\"<\",true,null]}'", {"extra": {"b": ["<", True, None], "a": 1}}),
    ("@request.body.extra ~ 'u003c'", {"extra": {"b": ["<"]}}), ("@request.body.extra = '[]'", {"extra": []}), ("@request.body.extra = '[1,2.5]'", {"extra": [1, 2.5]}), ("@request.body.extra.users_rank_level = 5", {"extra": {"users_rank_level": "5"}}), ("@request.body.extra.rank = 5", {"extra": {"rank": "5"}}), ("@request.body.extra:lower = 'abc'", {"extra": "ABC"}), ("@request.body.extra:lower = '1'", {"extra": True}),
    ("@request.body.extra:lower = '5.0'", {"extra": 5}), ("@request.body.meta.a = 1", {"meta": {"a": 1}}), ("@request.body.meta:isset = true", {"meta": {"a": 1}}), ("@request.body.password:isset = false", {"password": "1234567890"}), ("@request.body.password:changed = false", {"password": "1234567890"}), ("@request.body.oldPassword:isset = true", {"oldPassword": "x"}),
    ("@request.method = 'PATCH'", {}), ("@request.context = 'default'", {}), ("@request.body.users_name:isset = false && id = @request.auth.id", {}), ("@request.body.users_name:isset = false && id = @request.auth.id", {"users_name": "x"}),
    ("id = @request.auth.id && @request.body.users_rank_level:changed = false && @request.body.company_id:changed = false", {"users_rank_level": 5, "company_id": "ACME"}), ("@collection.tbl_company.company_id ?= @request.body.company_id", {"company_id": "CORE"}), ("@collection.tbl_company.company_id ?= @request.body.company_id", {"company_id": "X"}),
    ("@collection.tbl_company.company_id = @request.body.company_id", {"company_id": "CORE"}), ("@request.body.company_id = @collection.tbl_company.company_id || @request.body.company_id:isset = false", {}), ("@request.body.friends.users_name ?= users_name && users_name != ''", {"friends": [user_id(0), user_id(2)]}),
]

CHANGES += [
    ("@request.body.parent.friends:length = 0", {}), ("@request.body.parent.friends:length = null", {}), ("@request.body.parent.friends:length = 0", {"parent": "nope"}), ("@request.body.friends.tags:length ?!= ''", {}), ("@request.body.friends.users_name != 'x'", {"friends": []}),
    ("@request.body.extra:lower ~ 'true'", {"extra": True}), ("'true' ~ @request.body.extra:lower", {"extra": True}), ("'1' ~ @request.body.extra:lower", {"extra": True}), ("@request.body.extra:lower !~ '1'", {"extra": True}),
    ("'a' ~ @request.body.tags:each", {"tags": ["a"]}), ("'a' ?!~ @request.body.tags:each || id != ''", {"tags": ["a"]}),
]

# Rule of new records, body.
CREATES = [
    ("users_name = 'Ann'", {"users_name": "Ann"}), ("@request.body.users_name = users_name", {"users_name": "Ann"}), ("@request.body.users_name:changed = true", {"users_name": "Ann"}), ("@request.body.users_name:changed = false", {"users_name": "Ann"}), ("users_rank_level = 5", {"users_rank_level": 5}), ("users_rank_level = '5'", {"users_rank_level": 5}),
    ("users_rank_level > '4'", {"users_rank_level": 5}), ("users_rank_level < '4'", {"users_rank_level": 5}), ("users_level = 5", {"users_level": "5"}), ("users_level = users_rank_level", {"users_level": "5", "users_rank_level": 5}), ("users_level > 4", {"users_level": "5"}), ("verified = false", {"verified": True}), ("verified = '0'", {}), ("id != ''", {}), ("created != ''", {}), ("email = 'new@example.com'", {}),
    ("company.company_name = 'Acme'", {"company": "company00000000"}), ("@collection.tbl_company.company_id ?= company_id", {"company_id": "CORE"}), ("@collection.tbl_company.company_id ?= company_id", {"company_id": "X"}), ("@collection.tbl_auth_users.company_id ?!= company_id", {"company_id": "X"}), ("@collection.tbl_auth_users.company_id != company_id", {"company_id": "X"}), ("@collection.tbl_auth_users.company_id != company_id", {"company_id": "ACME"}),
    ("tags:each ?= 'a'", {"tags": ["a", "b"]}), ("tags:each = 'a'", {"tags": ["a", "b"]}), ("tags:length = 2", {"tags": ["a", "b"]}), ("company_id = @request.auth.company_id", {"company_id": "ACME"}), ("company_id = @request.auth.company_id", {"company_id": "BOLT"}), ("users_rank_level <= @request.auth.users_rank_level", {"users_rank_level": 6}), ("users_type = ''", {}), ("users_type:length = 0", {}), ("parent.users_name = 'Ann'", {"parent": user_id(0)}),
    ("@request.auth.users_rank_level = users_level", {"users_level": "5"}), ("users_rank_level ~ 5", {"users_rank_level": 5}), ("users_rank_level ~ '5.0'", {"users_rank_level": 5}), ("friends.users_name ?= 'Ann'", {"friends": [user_id(0), user_id(1)]}), ("friends.users_name = 'Ann'", {"friends": [user_id(0), user_id(1)]}),
    ("tbl_auth_users_via_parent.users_name != 'x'", {}), ("tbl_company_via_owner.id = ''", {}), ("tbl_company_via_owner.id = '' || users_name = 'Ann'", {"users_name": "Ann"}), ("company.tbl_auth_users_via_company.users_name ?= 'Ann'", {"company": "company00000000"}),
    ("@request.auth.tbl_company_via_owner.id = ''", {}),
]
