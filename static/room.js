// The room of one instrument: asks again for what the streams say has changed; keys.
"use strict";

const REFRESH_MS = 400; // however much happens, the page is drawn at most so often

function follow(address, target, said) {
  let waiting = false;
  const refresh = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      const part = document.querySelector(target);
      // A menu that is open or a field that is typed in is not drawn away.
      if (part?.querySelector("details.confirm[open]") || part?.contains(document.activeElement)) return refresh();
      if (part) window.htmx.trigger(part, "refresh");
    }, REFRESH_MS);
  };
  const source = new EventSource(address);
  let begun = false;
  source.addEventListener("snapshot", () => {
    if (begun) refresh(); // the page itself is as new as the first one
    begun = true;
  });
  source.addEventListener("change", refresh);
  source.addEventListener("open", () => said(true));
  source.addEventListener("error", () => said(false));
  addEventListener("pagehide", () => source.close());
}

const KEYS = {
  n: () => pick("kind-now"),
  b: () => pick("kind-bid"),
  o: () => pick("kind-offer"),
  q: () => focusOn("quantity"),
  p: () => focusOn("price"),
  l: () => show("ladder"),
  m: () => show("own"),
  c: () => show("candles"),
  "?": () => {
    const keys = document.getElementById("shortcuts");
    keys.open = true;
    keys.querySelector("summary").focus();
  },
};

function pick(id) {
  const choice = document.getElementById(id);
  if (!choice) return;
  choice.click();
  choice.focus();
}

function focusOn(name) {
  const field = document.querySelector(`#ticket [name="${name}"]`);
  field?.focus();
  field?.select?.();
}

function show(id) {
  const part = document.getElementById(id);
  part?.focus();
  part?.scrollIntoView({ block: "start" });
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=radio]), select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener("DOMContentLoaded", () => {
  const live = document.getElementById("live");
  const say = (open) => {
    const text = open ? live.dataset.said : live.dataset.lost;
    if (live.textContent !== text) live.textContent = text;
    live.classList.toggle("live--on", open);
  };
  follow(live.dataset.stream, "#book", say);
  if (live.dataset.own) follow(live.dataset.own, "#mine", () => {});
});
