/// <reference path="../pb_data/types.d.ts" />
// Two of the contract's endpoints as hooks of a real PocketBase: enough to fill it with both kinds of users.
// WECHAT_BASE_URL: who answers for WeChat.

routerAdd("POST", "/api/wechat/login", (e) => {
  const users = require(`${__hooks}/users.js`);
  const { users_wx_code: code } = e.requestInfo().body;
  const query = `appid=test&secret=test&js_code=${encodeURIComponent(code)}&grant_type=authorization_code`;
  const answer = $http.send({ url: `${$os.getenv("WECHAT_BASE_URL")}/sns/jscode2session?${query}` }).json;
  if (!answer.openid) return e.json(400, { code: 400, msg: "code 无效", data: {} });
  let user = users.byOpenid(answer.openid);
  if (!user) {
    user = users.make(answer.openid, "WeChat", "游客");
    user.setRandomPassword();
    $app.save(user);
  }
  return $apis.recordAuthResponse(e, user, "");
});

routerAdd("POST", "/api/platform/register", (e) => {
  const users = require(`${__hooks}/users.js`);
  const form = e.requestInfo().body;
  const user = users.make(users.guid(), "ManagePlatform", "注册用户");
  for (const name of ["users_name", "users_phone", "users_picture", "company_id"]) user.set(name, form[name]);
  user.setPassword(form.password);
  $app.save(user);
  return $apis.recordAuthResponse(e, user, "");
});
