// File fields: the chosen name is shown; with data-upload-url the file is sent at once, with progress.
import { csrf, refusal } from "./requests.js";
import { toast, word } from "./toast.js";

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const zone = event.target.closest?.("[data-drop]");
    zone?.classList.toggle("is-over", kind === "dragover");
  });
}

document.addEventListener("change", (event) => {
  const input = event.target;
  const zone = input.closest?.("[data-drop]");
  if (!zone || input.type !== "file") return;
  zone.querySelector("[data-drop-name]").textContent = [...input.files].map((file) => file.name).join(", ");
  if (zone.dataset.uploadUrl && input.files.length) send(zone, input);
});

// A form that says data-upload is sent with progress too (fetch, and so htmx, can't tell how far it is).
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-upload]");
  if (!form) return;
  event.preventDefault();
  transfer(form.querySelector("[data-drop]"), form.action, new FormData(form), form.dataset.upload);
});

function send(zone, input) {
  const body = new FormData();
  for (const file of input.files) body.append(input.name, file);
  transfer(zone, zone.dataset.uploadUrl, body, zone.dataset.uploadTarget);
}

function transfer(zone, url, body, target) {
  const bar = zone.querySelector("[data-drop-progress]");
  const input = zone.querySelector("input[type='file']");
  const request = new XMLHttpRequest();
  const done = () => {
    bar.hidden = true;
    input.disabled = false;
  };
  request.open("POST", url);
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("HX-Request", "true");
  if (target) request.setRequestHeader("HX-Target", `div${target}`);
  request.upload.onprogress = ({ loaded, total }) => {
    // All bytes sent is not yet done: the server still reads the file, for a time nobody knows.
    if (loaded < total) bar.value = (loaded / total) * 100;
    else bar.removeAttribute("value");
  };
  request.onload = () => {
    done();
    const away = request.getResponseHeader("HX-Redirect");
    if (away) return location.assign(away);
    const place = target && document.querySelector(target);
    if (place && (request.status < 400 || request.status === 422)) {
      place.innerHTML = request.responseText;
      window.htmx.process(place);
    } else if (request.status >= 400) toast({ message: refusal(request.responseText), tone: "error" });
    else toast({ message: word("uploaded") });
  };
  request.onerror = () => {
    done();
    toast({ message: word("offline"), tone: "error" });
  };
  bar.value = 0;
  bar.hidden = false;
  request.send(body);
  input.disabled = true;
}
