// A login, a profile and a refresh by openapi-typescript and openapi-fetch: node openapi_fetch.js URL
import assert from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema";

type Kind = components["schemas"]["UserInfo"]["users_idtype"];

async function main(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl });
  const body = { users_wx_code: "fetch~1" };
  const login = await client.POST("/api/wechat/login", { body });
  assert(login.data?.token && login.data.record, JSON.stringify(login.error));
  const kind: Kind = login.data.meta?.data?.user?.users_idtype;
  assert.equal(kind, "WeChat");
  assert.equal(login.data.meta?.data?.user?.company, null);
  const openid: string = login.data.record.openid;
  assert.equal(openid, "o_fetch");

  const headers = { Authorization: `Bearer ${login.data.token}` };
  const profile = await client.POST("/api/wechat/profile", {
    headers,
    body: { users_name: "张三", users_phone_code: "13900139001", users_picture: "https://example.com/a.png" },
  });
  assert.equal(profile.data?.data.user?.users_phone, "13900139001", JSON.stringify(profile.error));

  const refresh = await client.POST("/api/system/refresh-token", { params: { header: headers } });
  assert(refresh.data?.data.token, JSON.stringify(refresh.error));

  const refused = await client.POST("/api/platform/login", { body: { users_phone: "1", password: "x" } });
  assert.equal(refused.error?.code, 400);
  const count = await client.POST("/api/system/users-count");
  assert(count.data && count.data.data.total_users !== undefined);
}

main(process.argv[2] ?? "");
