// postman.cjs DOCUMENT CONVERTER: imports the OpenAPI document with Postman's own converter; all requests must come out,
// the contract's eight with its example values in their bodies, and PocketBase's thirty-six.
"use strict";

const fs = require("fs");
const converter = require(require("path").resolve(process.argv[3]));

const data = fs.readFileSync(process.argv[2], "utf8");

function requests(items) {
  return items.flatMap((item) => (item.item ? requests(item.item) : [item.request]));
}

converter.convert({ type: "string", data }, { requestParametersResolution: "Example" }, (error, result) => {
  if (error || !result.result) throw error || new Error(result.reason);
  const all = requests(result.output[0].data.item);
  const register = all.find((request) => request.url.path.join("/") === "api/platform/register");
  if (all.length !== 8 + 48) throw new Error(`${all.length} requests`);
  if (JSON.parse(register.body.raw).users_phone !== "13800138000") throw new Error(register.body.raw);
  console.log(`Postman imports ${all.length} requests`);
});
