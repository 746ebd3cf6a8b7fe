// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";

const summaries = {
  ok: "Everything works.",
  degraded: "Some parts do not work; the administrator sees why with “jamibox status”.",
  failed: "The box cannot enrol devices at the moment.",
};

function row(service) {
  const tr = document.createElement("tr");
  for (const text of [service.name, service.state]) {
    const td = document.createElement("td");
    td.textContent = text;
    tr.append(td);
  }
  return tr;
}

async function refresh() {
  const summary = document.getElementById("summary");
  try {
    // 503 has a body too: it is what the page is for.
    const state = await (await fetch("readyz", { cache: "no-store" })).json();
    summary.textContent = state.set_up ? summaries[state.status] : "The box is running and waits to be set up.";
    document.getElementById("setup").hidden = state.set_up;
    document.getElementById("enrol").hidden = !state.set_up;
    document.getElementById("url").textContent = location.origin + location.pathname.replace(/\/[^/]*$/, "");
    document.getElementById("services").replaceChildren(...state.services.map(row));
  } catch {
    summary.textContent = "The box does not answer.";
  }
  setTimeout(refresh, 5000);
}

refresh();
