"use strict";

const base = new URL(".", location.href).href;

document.getElementById("example").textContent =
  `curl -X POST ${base}api/wechat/login \\\n` +
  `  -H 'Content-Type: application/json' \\\n` +
  `  -d '{"users_wx_code":"0a1b2c3d4e5f6g"}'`;

async function showStatus() {
  const status = document.getElementById("status");
  try {
    const health = await (await fetch("api/system/health", { method: "POST" })).json();
    const healthy = health.data.status === "healthy";
    status.textContent = healthy ? "运行正常" : health.msg;
    status.classList.add(healthy ? "good" : "bad");
  } catch {
    status.textContent = "无法连接服务,请刷新重试";
    status.classList.add("bad");
  }
}

showStatus();
