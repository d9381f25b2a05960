import { csrf, refusal } from "./requests.js";

// Messages at the bottom, with the way back where there is one. Errors stay until closed.
const words = () => document.getElementById("words")?.dataset ?? {};

export const word = (name, values = {}) =>
  (words()[name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

export function toast({ message, tone = "success", undo = null }) {
  const host = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  if (!host || !template) return;
  const note = template.content.firstElementChild.cloneNode(true);
  note.dataset.tone = tone;
  if (tone === "error") note.setAttribute("role", "alert");
  note.querySelector("p").textContent = message;
  const form = note.querySelector("[data-toast-undo]");
  if (undo) {
    form.action = undo.url;
    form.hidden = false;
    if (undo.label) form.querySelector("button").textContent = undo.label;
  } else form.remove();
  host.append(note);
  // A modal dialog lies above everything else: the message has to lie above it too.
  const dialog = [...document.querySelectorAll("dialog:modal")].at(-1);
  (dialog ?? document.body).append(host);
  expire(note);
  return note;
}

function expire(note) {
  if (note.dataset.tone === "error") return;
  let left = setTimeout(() => note.remove(), note.querySelector("[data-toast-undo]") ? 9000 : 5000);
  const hold = () => clearTimeout(left);
  const go = () => (left = setTimeout(() => note.remove(), 3000));
  note.addEventListener("pointerenter", hold);
  note.addEventListener("focusin", hold);
  note.addEventListener("pointerleave", go);
  note.addEventListener("focusout", go);
}

document.addEventListener("close", () => {
  const host = document.getElementById("toasts");
  if (host?.closest("dialog:not([open])")) document.body.append(host);
}, true);

document.addEventListener("click", (event) => {
  event.target.closest?.("[data-toast-close]")?.closest("[data-toast]").remove();
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("[data-toast-undo]");
  if (!form) return;
  event.preventDefault();
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { "X-CSRF-Token": csrf(), "HX-Request": "true", Accept: "text/html" } });
    form.closest("[data-toast]").remove();
    if (!answer.ok) return toast({ message: refusal(await answer.text()), tone: "error" });
    const away = answer.headers.get("HX-Redirect");
    if (away) return location.assign(away);
    toast({ message: word("undone") });
    document.dispatchEvent(new CustomEvent("vantage:changed"));
  } catch {
    toast({ message: word("offline"), tone: "error" });
  }
});

document.addEventListener("vantage:toast", (event) => toast(event.detail));
document.querySelectorAll("[data-toast]").forEach(expire);
