/// <reference path="../pb_data/types.d.ts" />
// The collections that bai serves, as a real PocketBase has them.
migrate(
  (app) => {
    const text = (name, max = 255) => ({ type: "text", name, max });
    const number = (name) => ({ type: "number", name });
    const choice = (name, values) => ({ type: "select", name, maxSelect: 1, values });
    const dates = [
      { type: "autodate", name: "created", onCreate: true },
      { type: "autodate", name: "updated", onCreate: true, onUpdate: true },
    ];

    app.save(
      new Collection({
        type: "base",
        name: "tbl_company",
        listRule: null,
        viewRule: "@request.auth.id != ''",
        createRule: null,
        updateRule: null,
        deleteRule: null,
        fields: [
          { ...text("company_id", 64), required: true },
          text("company_name"),
          text("company_type"),
          number("company_status"),
          ...dates,
        ],
        indexes: ["CREATE UNIQUE INDEX `idx_tbl_company_company_id` ON `tbl_company` (`company_id`)"],
      }),
    );

    const oneself = "id = @request.auth.id";
    const fixed = ["openid", "users_idtype", "users_status", "users_rank_level", "users_auth_type", "users_id", "users_convers_id"];
    app.save(
      new Collection({
        type: "auth",
        name: "tbl_auth_users",
        listRule: oneself,
        viewRule: oneself,
        createRule: null,
        updateRule: [
          oneself,
          ...fixed.map((name) => `@request.body.${name}:changed = false`),
          // WeChat vouches for the phone of its users, in wechat/profile.
          "(users_idtype != 'WeChat' || @request.body.users_phone:changed = false)",
        ].join(" && "),
        deleteRule: null,
        fields: [
          text("users_convers_id"),
          text("users_id"),
          choice("users_idtype", ["WeChat", "ManagePlatform"]),
          text("users_id_number"),
          number("users_status"),
          number("users_rank_level"),
          number("users_auth_type"),
          choice("users_type", ["游客", "注册用户"]),
          text("users_name", 64),
          text("users_phone", 32),
          text("users_level"),
          text("users_picture", 2048),
          { ...text("openid", 128), required: true },
          text("company_id", 64),
          text("users_parent_id"),
          text("users_promo_code"),
          text("usergroups_id"),
          { ...text("unionid", 128), hidden: true },
          ...dates,
        ],
        indexes: [
          "CREATE UNIQUE INDEX `idx_tbl_auth_users_openid` ON `tbl_auth_users` (`openid`)",
          // SQLite cannot use the partial index below for "users_phone = ?".
          "CREATE INDEX `idx_tbl_auth_users_phone` ON `tbl_auth_users` (`users_phone`)",
          // An identity field needs a unique index of its own.
          "CREATE UNIQUE INDEX `idx_tbl_auth_users_phone_u` ON `tbl_auth_users` (`users_phone`) WHERE `users_phone` != ''",
        ],
        passwordAuth: { enabled: true, identityFields: ["email", "openid", "users_phone"] },
        // The addresses are synthetic: mail about a new device would go nowhere.
        authAlert: { enabled: false },
      }),
    );

    // PocketBase makes this example collection itself; bai has none.
    app.delete(app.findCollectionByNameOrId("users"));

    const settings = app.settings();
    settings.batch.enabled = true;
    app.save(settings);
  },
  (app) => {
    app.delete(app.findCollectionByNameOrId("tbl_auth_users"));
    app.delete(app.findCollectionByNameOrId("tbl_company"));
  },
);
