// A page of a mini-program with clients/miniprogram/bai.d.ts: it only has to compile.
import { BaiError, createBai, type BaiUser, type UserInfo, type UserRecord } from "./clients/miniprogram/bai";
import type { components } from "./clients/openapi";

const bai = createBai({ baseUrl: "https://bai.example.com/pb", timeout: 10000 });

export async function page(event: { detail: { code?: string } }): Promise<string> {
  await bai.ready();
  const { user, isNew } = await bai.login();
  const origin: "WeChat" | "ManagePlatform" = user.origin;
  const picture: string = await bai.uploadAvatar("wxfile://tmp_1.jpg");
  const changed: BaiUser = await bai.updateProfile({ name: "张三", picture });
  const bound = await bai.bindPhone(event);
  const count = await bai.request<{ data: components["schemas"]["UsersCountData"] }>("/api/system/users-count", { method: "POST" });
  await bai.logout();
  return [isNew, origin, changed.name, bound.phoneMasked, count.data.total_users, (await bai.me()).raw.openid].join();
}

export function text(error: unknown): string {
  if (!(error instanceof BaiError)) throw error;
  return error.kind === "tooMany" ? `${error.message} ${error.retryAfter}` : (error.fields["users_name"] ?? error.message);
}

// Each field of the one form is in both of the forms that it is made of, with the same type.
type Known = "openid" | "users_id" | "users_name" | "users_phone" | "users_picture" | "users_idtype" | "users_type" | "users_level" | "users_status" | "company_id" | "created" | "updated";
export const both: (record: UserRecord) => Pick<UserInfo, Known> = (record) => record;

// @ts-expect-error a word that is no kind of error
export const wrongKind = (error: BaiError): boolean => error.kind === "nonsense";
// @ts-expect-error wx.request has no PATCH
export const patch = (): Promise<unknown> => bai.request("/", { method: "PATCH" });
