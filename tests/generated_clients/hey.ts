// A registration, a login, a profile and a refresh by hey-api: node hey.js URL
import assert from "node:assert";
import { client } from "./generated/hey/client.gen";
import { platformLogin, platformRegister, refreshToken, wechatLogin, wechatProfile } from "./generated/hey";

async function main(baseUrl: string): Promise<void> {
  client.setConfig({ baseUrl });
  const login = await wechatLogin({ body: { users_wx_code: "hey~1" } });
  assert(login.data?.token && login.data.record, JSON.stringify(login.error));
  assert.equal(login.data.meta?.data?.user?.users_idtype, "WeChat");
  const status: number = login.data.record.users_status;
  assert.equal(status, 1);

  const auth = login.data.token;
  const profile = await wechatProfile({
    auth,
    body: { users_name: "张三", users_phone_code: "13900139002", users_picture: "https://example.com/a.png" },
  });
  assert.equal(profile.data?.data.user?.users_phone, "13900139002", JSON.stringify(profile.error));

  const refresh = await refreshToken({ headers: { Authorization: `Bearer ${auth}` } });
  assert(refresh.data?.data.token, JSON.stringify(refresh.error));

  const credentials = { users_phone: "13800138002", password: "canary password" };
  const registered = await platformRegister({
    body: {
      ...credentials,
      passwordConfirm: credentials.password,
      users_name: "李四",
      users_picture: "https://example.com/a.png",
    },
  });
  assert.equal(registered.data?.meta?.data?.status, "register_success", JSON.stringify(registered.error));
  const again = await platformLogin({ body: credentials });
  assert.equal(again.data?.meta?.data?.status, "login_success", JSON.stringify(again.error));
  const refused = await platformLogin({ body: { users_phone: "1", password: "x" } });
  assert.equal(refused.error?.code, 400);
}

main(process.argv[2] ?? "");
