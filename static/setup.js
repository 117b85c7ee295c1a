"use strict";

const [form, email, password, confirm, submit, message] = ["form", "email", "password", "confirm", "submit", "message"].map(
  (id) => document.getElementById(id),
);

// The secret leaves the address bar, the history and what a screenshot shows.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

function say(text, isBad) {
  message.textContent = text;
  message.classList.toggle("bad", isBad);
}

const EXPIRED = "链接无效、已过期或已使用。请查看最近一次启动的日志；已有超级管理员时不再提供链接，请在服务器上运行 bai superuser create。";

const PROBLEMS = { email: "邮箱格式不正确", password: "密码不符合要求：8 至 128 个字符", passwordConfirm: "两次输入的密码不一致" };

async function problem(response) {
  if (response.status === 429) return "服务器繁忙，请稍后再试";
  const { data, message } = await response.json();
  if (response.status === 403) return message.startsWith("The set-up link") ? EXPIRED : "不允许从当前 IP 地址操作";
  const field = Object.keys(PROBLEMS).find((name) => data[name]);
  return field ? PROBLEMS[field] : message;
}

/** Goes on to the console, if there is one, where the sign-in knows the address. */
function openConsole() {
  const link = document.getElementById("console");
  if (!link) return;
  sessionStorage.setItem("bai-superuser", email.value);
  location.replace(link.href);
}

async function create(event) {
  event.preventDefault();
  if (password.value !== confirm.value) return say(PROBLEMS.passwordConfirm, true);
  submit.disabled = true;
  say("正在创建…", false);
  try {
    const body = { token, email: email.value, password: password.value, passwordConfirm: confirm.value };
    const response = await fetch("api/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await problem(response));
    form.hidden = true;
    say(`已创建超级管理员 ${email.value}。该链接已失效。`, false);
    openConsole();
  } catch (error) {
    submit.disabled = false;
    say(error instanceof TypeError ? "无法连接服务，请重试" : error.message, true);
  }
}

if (token) {
  form.addEventListener("submit", create);
} else {
  submit.disabled = true;
  say(EXPIRED, true);
}
