// What the hooks share; each handler runs in a runtime of its own and requires it.

function byOpenid(openid) {
  try {
    return $app.findFirstRecordByData("tbl_auth_users", "openid", openid);
  } catch (_) {
    return null; // PocketBase throws when there is none.
  }
}

function make(openid, kind, type) {
  const user = new Record($app.findCollectionByNameOrId("tbl_auth_users"));
  user.set("openid", openid);
  user.set("users_idtype", kind);
  user.set("users_type", type);
  user.set("users_status", 1);
  user.set("users_id", "U" + Date.now() + $security.randomStringWithAlphabet(4, "0123456789"));
  user.set("users_convers_id", "C" + $security.randomString(14));
  user.setEmail(`${openid.toLowerCase()}@manage.local`);
  user.setVerified(true);
  return user;
}

function guid() {
  const digits = $security.randomStringWithAlphabet(32, "0123456789abcdef");
  return [digits.slice(0, 8), digits.slice(8, 12), "4" + digits.slice(13, 16), "a" + digits.slice(17, 20), digits.slice(20)].join("-");
}

module.exports = { byOpenid, make, guid };
