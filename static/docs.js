"use strict";

// Requests go to the server that this page came from, whatever `servers` the document names.
const here = new URL(".", location.href).href.replace(/\/$/, "");

// Swagger UI never sends a header parameter called Authorization. Shown as an optional login instead, it is
// sent from what was entered under "Authorize".
function authorizationAsLogin(operation) {
  const isAuthorization = (p) => p.in === "header" && p.name === "Authorization";
  if ((operation.parameters || []).some(isAuthorization)) {
    operation.parameters = operation.parameters.filter((p) => !isAuthorization(p));
    operation.security = [{}, { bearerAuth: [] }];
  }
}

async function show() {
  const answer = await fetch("openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  const spec = await answer.json();
  spec.servers = [{ url: here, description: "本服务" }];
  Object.values(spec.paths).flatMap(Object.values).forEach(authorizationAsLogin);
  window.ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}

show().catch((error) => {
  const note = document.querySelector("#swagger-ui .waiting");
  if (note) note.textContent = `接口文档加载失败,请刷新重试(${error.message})`;
});
