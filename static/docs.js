"use strict";

// Requests go to the server that this page came from, whatever `servers` the document names.
const here = new URL(".", location.href).href.replace(/\/$/, "");

// Paths for PocketBase's SDKs, superusers and proxies: readers of this page look for the contract's first.
const FOLDED = ["PocketBase", "Webhook", "其他程序", "PocketBase(不提供)"];

// Swagger UI never sends a header parameter called Authorization. Shown as an optional login instead, it is
// sent from what was entered under "Authorize".
function authorizationAsLogin(operation) {
  const isAuthorization = (p) => p.in === "header" && p.name === "Authorization";
  if ((operation.parameters || []).some(isAuthorization)) {
    operation.parameters = operation.parameters.filter((p) => !isAuthorization(p));
    operation.security = [{}, { bearerAuth: [] }];
  }
}

// A link to an operation opens its tag.
function fold() {
  const linked = decodeURIComponent(location.hash).split("/")[1];
  FOLDED.filter((tag) => tag !== linked).forEach((tag) => window.ui.layoutActions.show(["operations-tag", tag], false));
}

// As the system has it, also when that changes.
function followTheSystem() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

async function show() {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  const spec = await answer.json();
  spec.info.title = "bai 接口文档";
  spec.servers = [{ url: here, description: "本服务" }];
  Object.values(spec.paths).flatMap(Object.values).forEach(authorizationAsLogin);
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    onComplete: fold,
  });
}

followTheSystem();
show().catch((error) => {
  const note = document.querySelector("#swagger-ui .waiting");
  if (note) note.textContent = `接口文档加载失败，请刷新重试（${error.message}）`;
});
