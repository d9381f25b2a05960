// What every page loads: htmx and the small modules around it.
import htmx from "htmx.org/dist/htmx.esm.js";
import "./requests.js";
import "./overlays.js";
import "./toast.js";
import "./keys.js";
import "./palette.js";
import "./rows.js";
import "./upload.js";
import "./live.js";

window.htmx = htmx;
// Keys and live regions answer from here on; whoever drives the page by machine waits for this mark.
document.documentElement.dataset.ready = "";
