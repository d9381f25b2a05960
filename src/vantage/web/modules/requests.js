// Every request carries the CSRF token; every refusal is told, and nothing typed is lost.
import { toast, word } from "./toast.js";

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const { request } = ctx;
  const here = new URL(request.action, document.baseURI).origin === location.origin;
  if (here) request.headers["X-CSRF-Token"] = csrf();
});

// 422 is a form to show again, in place. Any other refusal stays out of the page and becomes a message.
document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status === 422) return;
  if (ctx.response.status === 401) return location.reload(); // signed out meanwhile: the server sends to sign-in
  ctx.swap = "none";
  ctx.select = undefined;
  toast({ message: refusal(ctx.text), tone: "error" });
  ctx.text = "";
});

document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
  if (ctx?.response) console.error(error);
  else if (ctx?.sourceElement?.dataset.quiet === undefined) toast({ message: word("offline"), tone: "error" });
});

// The server's own sentence, when its error page or problem+json has one.
export function refusal(text) {
  try {
    const problem = JSON.parse(text);
    return [problem.detail ?? problem.title, problem.way_out].filter(Boolean).join(" ") || word("failed");
  } catch {
    const found = new DOMParser().parseFromString(text ?? "", "text/html").querySelector("[data-error]");
    const said = [...(found?.querySelectorAll("p") ?? [])].map((line) => line.textContent.trim());
    return said.filter(Boolean).join(" ") || found?.textContent.trim() || word("failed");
  }
}

// A form that came back with errors puts the reader in front of them.
document.addEventListener("htmx:after:swap", () => {
  document.querySelector("[data-autofocus]:not([data-focused])")?.focus();
  document.querySelector("[data-autofocus]")?.setAttribute("data-focused", "");
});
