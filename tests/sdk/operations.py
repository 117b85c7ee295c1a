"""What a user does with the PocketBase SDK for Python:
python operations.py BASE SUPERUSER_EMAIL SUPERUSER_PASSWORD TRANSCRIPT_FILE
against a server that has no users and companies. Later steps build on earlier ones.
"""

import datetime
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from pocketbase.models import FileUpload

sys.path.insert(0, str(Path(__file__).parent / "operations"))
from transcript import EMAIL, PASSWORD, client, raw, refused, requests_of_step, run, step, until  # noqa: E402

NOT_FOUND = (404, "The requested resource wasn't found.")
SOMETHING = (400, "Something went wrong while processing your request.")
ONLY_SUPERUSERS = (403, "Only superusers can perform this action.")
UNAUTHENTICATED = (401, "The request requires valid record authorization token.")
FAILED = (400, "Failed to authenticate.")
USERS = "/api/collections/tbl_auth_users"

OLD, NEW = "canary python one", "canary python two"
LIU = {
    "email": "liu.yang@example.com",
    "password": OLD,
    "passwordConfirm": OLD,
    "openid": "6e0d6c1e-0000-4000-8000-000000000001",
    "users_convers_id": "6e1e2b3c-0000-4000-8000-000000000001",
    "users_id": "U0000000201",
    "users_idtype": "ManagePlatform",
    "users_type": "注册用户",
    "users_status": 1,
    "users_name": "刘洋",
    "users_phone": "15000000001",
    "users_picture": "https://cdn.example.com/刘.png",
    "users_rank_level": 2,
    "company_id": "P0000000001",
}
HE = {
    **LIU,
    "email": "he@wechat.local",
    "openid": "oPyThOnHe0000000000000000002",
    "users_convers_id": "6e1e2b3c-0000-4000-8000-000000000002",
    "users_id": "U0000000202",
    "users_idtype": "WeChat",
    "users_type": "游客",
    "users_name": "何洁",
    "users_phone": "",
    "users_picture": "",
    "users_rank_level": 0,
    "company_id": "",
}

world = SimpleNamespace()


def users(pb):
    return pb.collection("tbl_auth_users")


def companies(pb):
    return pb.collection("tbl_company")


@step("health.check")
def _():
    assert client().health.check().message == "API is healthy."


@step("superuser: wrong password")
def _():
    refused(lambda: client().collection("_superusers").auth_with_password(EMAIL, "wrong canary"), *FAILED)


@step("superuser: auth_with_password")
def _():
    world.root = client()
    auth = world.root.collection("_superusers").auth_with_password(EMAIL, PASSWORD)
    assert auth.record.email == EMAIL
    assert world.root.auth_store.token == auth.token
    assert auth.is_valid and world.root.auth_store.is_valid


@step("superuser: auth_refresh")
def _():
    assert world.root.collection("_superusers").auth_refresh().record.email == EMAIL


@step("superuser: admins, as in older versions")
def _():
    assert client().admins.auth_with_password(EMAIL, PASSWORD).record.collection_name == "_superusers"


@step("list_auth_methods")
def _():
    methods = users(client()).list_auth_methods()
    assert methods.password.enabled
    assert methods.password.identity_fields == ["email", "openid", "users_phone"]
    assert not (methods.oauth2.enabled or methods.otp.enabled or methods.mfa.enabled)


@step("companies: create")
def _():
    world.company = companies(world.root).create({"company_id": "P0000000001", "company_name": "杭州蟒蛇软件有限公司", "company_status": 1})
    assert world.company.company_name == "杭州蟒蛇软件有限公司"


@step("create a platform user")
def _():
    world.liu = users(world.root).create(dict(LIU))
    assert (world.liu.users_name, world.liu.users_rank_level) == ("刘洋", 2)


@step("create a WeChat user")
def _():
    world.he = users(world.root).create(dict(HE))
    assert world.he.users_idtype == "WeChat"


@step("create, nothing given")
def _():
    codes = {"password": "validation_required", "passwordConfirm": "validation_required"}
    refused(lambda: users(world.root).create({}), 400, "Failed to create record.", codes)


@step("create, e-mail, openid and phone are taken")
def _():
    refused(lambda: users(world.root).create(dict(LIU)), 400, "Failed to create record.", {"email": "validation_not_unique"})


@step("create as nobody")
def _():
    refused(lambda: users(client()).create(dict(LIU)), *ONLY_SUPERUSERS)


for identity in ("email", "openid", "users_phone"):

    @step(f"auth_with_password by {identity}")
    def _(identity=identity):
        pb = client()
        auth = users(pb).auth_with_password(LIU[identity], OLD)
        assert auth.record.id == world.liu.id
        assert pb.auth_store.model.users_name == "刘洋"


@step("auth_with_password, identityField")
def _():
    auth = users(client()).auth_with_password(LIU["openid"], OLD, {"identityField": "openid"})
    assert auth.record.id == world.liu.id


@step("auth_with_password, the wrong identityField")
def _():
    refused(lambda: users(client()).auth_with_password(LIU["openid"], OLD, {"identityField": "email"}), *FAILED)


@step("auth_with_password, wrong password")
def _():
    refused(lambda: users(client()).auth_with_password(LIU["email"], "wrong canary"), *FAILED)


@step("auth_with_password, nothing filled in")
def _():
    refused(
        lambda: users(client()).auth_with_password("", ""),
        400,
        "An error occurred while validating the submitted data.",
        {
            "identity": "validation_required",
            "password": "validation_required",
        },
    )


@step("auth_refresh")
def _():
    world.user = client()
    users(world.user).auth_with_password(LIU["email"], OLD)
    auth = users(world.user).auth_refresh()
    assert auth.record.id == world.liu.id
    assert world.user.auth_store.token == auth.token
    assert auth.is_valid and world.user.auth_store.is_valid


@step("auth_refresh without a token")
def _():
    refused(lambda: users(client()).auth_refresh(), *UNAUTHENTICATED)


@step("get_one as oneself")
def _():
    record = users(world.user).get_one(world.liu.id)
    assert (record.email, record.collection_name) == (LIU["email"], "tbl_auth_users")
    assert isinstance(record.created, datetime.datetime)


@step("get_one as oneself, expand and fields")
def _():
    record = users(world.user).get_one(world.liu.id, {"expand": "company_id", "fields": "users_name,expand"})
    assert record.users_name == "刘洋"


@step("get_one as another user")
def _():
    refused(lambda: users(world.user).get_one(world.he.id), *NOT_FOUND)


@step("get_one as nobody")
def _():
    refused(lambda: users(client()).get_one(world.liu.id), *NOT_FOUND)


@step("get_list as oneself")
def _():
    result = users(world.user).get_list()
    assert [item.id for item in result.items] == [world.liu.id]
    assert (result.page, result.per_page, result.total_items, result.total_pages) == (1, 30, 1, 1)


@step("get_list as nobody")
def _():
    assert users(client()).get_list().items == []


@step("get_list as a superuser, sort and paging")
def _():
    result = users(world.root).get_list(2, 1, {"sort": "-users_id"})
    assert [item.users_name for item in result.items] == ["刘洋"]
    assert (result.total_items, result.total_pages) == (2, 2)


@step("get_full_list in batches")
def _():
    assert [item.users_name for item in users(world.root).get_full_list(1, {"sort": "users_id"})] == ["刘洋", "何洁"]


@step("get_first_list_item")
def _():
    record = users(world.root).get_first_list_item(
        world.root.filter("users_phone = {:phone} && users_rank_level > {:rank}", {"phone": "15000000001", "rank": 1})
    )
    assert record.id == world.liu.id


@step("get_first_list_item, none")
def _():
    try:
        users(world.root).get_first_list_item("users_phone = '1'")
    except Exception as error:
        assert error.status == 404
    else:
        raise AssertionError("no error")


for what, params, names in [
    ("text", {"name": "何洁"}, ["何洁"]),
    ("text with a quote", {"name": "何'洁"}, []),
    ("boolean", {"name": False}, []),
    ("null", {"name": None}, []),
]:

    @step(f"filter with a placeholder: {what}")
    def _(params=params, names=names):
        found = users(world.root).get_full_list(100, {"filter": world.root.filter("users_name = {:name}", params), "sort": "users_id"})
        assert [item.users_name for item in found] == names


@step("filter with a date")
def _():
    found = users(world.root).get_list(
        1, 10, {"filter": world.root.filter("created > {:when}", {"when": datetime.datetime(2020, 1, 1)}), "sort": "users_id"}
    )
    assert len(found.items) == 2


for condition, names in [
    ("users_name ~ '洋'", ["刘洋"]),
    ("users_idtype = 'WeChat' || users_rank_level = 2", ["刘洋", "何洁"]),
    ("(users_phone = '' && users_type = '游客')", ["何洁"]),
    ("users_picture !~ 'cdn'", ["何洁"]),
]:

    @step(f"filter: {condition}")
    def _(condition=condition, names=names):
        found = users(world.root).get_full_list(100, {"filter": condition, "sort": "users_id"})
        assert [item.users_name for item in found] == names


@step("a bad filter")
def _():
    refused(lambda: users(world.root).get_list(1, 1, {"filter": "nope = 1"}), *SOMETHING)


@step("an unknown collection")
def _():
    refused(lambda: world.root.collection("nope").get_list(), 404, "Missing collection context.")


@step("update as oneself")
def _():
    record = users(world.user).update(world.liu.id, {"users_name": "刘洋洋"})
    assert (record.users_name, world.user.auth_store.model.users_name) == ("刘洋洋", "刘洋洋")
    assert record.updated >= record.created


@step("update as oneself, not one's own to change")
def _():
    refused(lambda: users(world.user).update(world.liu.id, {"users_status": 0}), *NOT_FOUND)


@step("update as oneself, a wrong choice")
def _():
    refused(
        lambda: users(world.user).update(world.liu.id, {"users_type": "Nope"}),
        400,
        "Failed to update record.",
        {"users_type": "validation_invalid_value"},
    )


@step("update as a superuser, a modifier")
def _():
    assert users(world.root).update(world.liu.id, {"users_rank_level+": 3}).users_rank_level == 5


@step("update with a file that no field takes: a multipart body")
def _():
    record = users(world.root).update(
        world.liu.id, {"users_name": "刘洋", "users_rank_level": 4, "users_level": "01", "file": FileUpload(("a.txt", b"text"))}
    )
    assert (record.users_name, record.users_rank_level, record.users_level) == ("刘洋", 4, "01")


@step("delete as oneself")
def _():
    refused(lambda: users(world.user).delete(world.liu.id), *ONLY_SUPERUSERS)


@step("companies: get_one as a user")
def _():
    assert companies(world.user).get_one(world.company.id).company_id == "P0000000001"


@step("companies: get_list as a user")
def _():
    refused(lambda: companies(world.user).get_list(), *ONLY_SUPERUSERS)


@step("companies: update")
def _():
    assert companies(world.root).update(world.company.id, {"company_status": 2}).company_status == 2


@step("collections: get_one")
def _():
    collection = world.root.collections.get_one("tbl_company")
    assert (collection.name, collection.type) == ("tbl_company", "base")


@step("collections: get_list as a user")
def _():
    refused(lambda: world.user.collections.get_list(), 403, "The authorized record is not allowed to perform this action.")


@step("batch, as the SDK sends it: JSON that PocketBase takes as multipart only")
def _():
    batch = world.root.create_batch()
    batch.collection("tbl_company").create({"company_id": "P0000000002"})
    refused(batch.send, 400, "Invalid batch request data.", {"requests": "validation_required"})


def batch(*requests):
    body = {"requests": [{"method": method, "url": f"/api/collections/{url}", "body": body} for method, url, body in requests]}
    return world.root.send("/api/batch", {"method": "POST", "body": body})


@step("batch, through the SDK's send")
def _():
    results = batch(
        ("POST", "tbl_company/records", {"company_id": "P0000000002"}),
        ("PATCH", f"tbl_auth_users/records/{world.he.id}", {"users_level": "x"}),
    )
    assert [result["status"] for result in results] == [200, 200]
    world.second = results[0]["body"]["id"]


@step("batch, one that fails undoes all")
def _():
    requests = [("DELETE", f"tbl_company/records/{id}", None) for id in (world.second, "xxxxxxxxxxxxxxx")]
    refused(lambda: batch(*requests), 400, "Batch transaction failed.", {"requests": None})
    assert companies(world.root).get_one(world.second).company_id == "P0000000002"


heard = []


@step("realtime: subscribe")
def _():
    users(world.user).subscribe(lambda event: heard.append((event.action, event.record.users_name)))
    until(lambda: requests_of_step() == 1, "the subscription")


@step("realtime: subscribe_one")
def _():
    users(world.user).subscribe_one(world.liu.id, lambda event: heard.append((event.action, event.record.users_name)))


@step("realtime: update")
def _():
    users(world.root).update(world.liu.id, {"users_name": "刘洋实时"})
    until(lambda: len(heard) >= 2, "the events")
    users(world.root).update(world.he.id, {"users_name": "何洁实时"})
    time.sleep(0.1)
    assert heard == [("update", "刘洋实时")] * 2, heard
    return heard


@step("realtime: unsubscribe from one")
def _():
    heard.clear()
    users(world.user).unsubscribe(world.liu.id)
    users(world.root).update(world.liu.id, {"users_name": "刘洋"})
    until(lambda: heard, "the event")
    time.sleep(0.1)
    return heard


@step("realtime: unsubscribe")
def _():
    heard.clear()
    users(world.user).unsubscribe()
    users(world.root).update(world.liu.id, {"users_level": "02"})
    time.sleep(0.1)
    assert heard == []


for method in ("request_password_reset", "request_verification"):

    @step(f"{method}, an unknown address")
    def _(method=method):
        assert getattr(users(client()), method)("nobody@example.com") is True


@step("confirm_password_reset, a bad token")
def _():
    refused(
        lambda: users(client()).confirm_password_reset("x", NEW, NEW),
        400,
        "An error occurred while validating the submitted data.",
        {
            "token": "validation_invalid_token",
        },
    )


@step("a login that is not JSON")
def _():
    answer = raw("POST", f"{USERS}/auth-with-password", content="{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@step("a new password")
def _():
    users(world.user).update(world.liu.id, {"oldPassword": OLD, "password": NEW, "passwordConfirm": NEW})
    refused(lambda: users(world.user).auth_refresh(), *UNAUTHENTICATED)
    assert users(client()).auth_with_password(LIU["email"], NEW).record.id == world.liu.id


@step("delete as a superuser")
def _():
    assert users(world.root).delete(world.liu.id)
    assert users(world.root).delete(world.he.id)


@step("delete again")
def _():
    refused(lambda: users(world.root).delete(world.liu.id), *NOT_FOUND)


@step("everything goes")
def _():
    for company in companies(world.root).get_full_list(100, {"filter": "company_id ~ 'P0000%'", "sort": "company_id"}):
        companies(world.root).delete(company.id)


run()
