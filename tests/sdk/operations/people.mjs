// Who and what the operations work with. All values are given, so that both servers have the same.
export const PASSWORD = "canary horse battery";
export const NEW_PASSWORD = "canary staple correct";

export const COMPANIES = {
  huawei: { company_id: "C0000000001", company_name: "深圳市南山云帆科技有限公司", company_type: "科技", company_status: 1 },
  bakery: { company_id: "C0000000002", company_name: "上海老面包坊", company_type: "餐饮", company_status: 0 },
};

const login = { password: PASSWORD, passwordConfirm: PASSWORD };

const platform = (number, name, phone, more = {}) => ({
  ...login,
  email: `user${number}@example.com`,
  openid: `5f0d6c1e-0000-4000-8000-00000000000${number}`,
  users_convers_id: `7a1e2b3c-0000-4000-8000-00000000000${number}`,
  users_id: `U000000010${number}`,
  users_idtype: "ManagePlatform",
  users_type: "注册用户",
  users_status: 1,
  users_name: name,
  users_phone: phone,
  users_picture: `https://cdn.example.com/头像/${number}.png?w=64&h=64`,
  ...more,
});

const wechat = (number, name, more = {}) => ({
  ...login,
  email: `user${number}@wechat.local`,
  openid: `oX9Jt5LiNaWx000000000000000${number}`,
  users_convers_id: `7a1e2b3c-0000-4000-8000-00000000000${number}`,
  users_id: `U000000010${number}`,
  users_idtype: "WeChat",
  users_type: "游客",
  users_status: 1,
  users_name: name,
  ...more,
});

export const PEOPLE = {
  zhang: platform(1, "张伟", "13800138001", { company_id: "C0000000001", users_rank_level: 5, users_auth_type: 1, users_level: "A" }),
  wang: platform(2, "王芳<&>\"'", "13912345678", { company_id: "C0000000002", users_rank_level: 3, users_level: "B" }),
  li: wechat(3, "李娜"),
  zhao: wechat(4, "赵敏", {
    users_type: "注册用户",
    users_phone: "18611112222",
    users_rank_level: 3,
    users_picture: "https://wx.qlogo.cn/mmopen/4/132",
  }),
  chen: platform(5, "陈晓 Chen", "13700000005", { users_rank_level: -1, users_level: "a", users_promo_code: "50%_off" }),
};
