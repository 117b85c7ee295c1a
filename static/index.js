"use strict";

const base = new URL(".", location.href).href;

const example = document.getElementById("example");
if (example) {
  example.textContent =
    `curl -X POST ${base}api/wechat/login \\\n` +
    `  -H 'Content-Type: application/json' \\\n` +
    `  -d '{"users_wx_code":"0a1b2c3d4e5f6g"}'`;
}

// What /readyz says; which problems there are, it tells only those who may know.
function describe(data) {
  const components = Object.entries(data.components ?? {});
  const problems = components.flatMap(([name, { problems }]) => problems.map(({ text }) => `${name}: ${text}`));
  const word = data.status === "ready" ? "运行正常" : "尚未就绪";
  return [`${word}(${data.status})`, ...problems].join(";");
}

async function showStatus() {
  const status = document.getElementById("status");
  try {
    const { data } = await (await fetch("readyz")).json();
    status.textContent = describe(data);
    status.classList.add(data.status === "ready" ? "good" : "bad");
  } catch {
    status.textContent = "无法连接服务，请刷新重试";
    status.classList.add("bad");
  }
}

showStatus();
