// Makes the pages better where scripts run; nothing on them needs it.
"use strict";

document.documentElement.classList.add("js");

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Amounts arrive in minor units; only their display is divided.
const shown = (value, places) =>
  value === null || value === undefined
    ? "–"
    : (value / 10 ** places).toLocaleString(document.documentElement.lang, {
        minimumFractionDigits: 0,
        maximumFractionDigits: places,
      });

function axes(data) {
  const text = { color: css("--ink-soft"), fontFamily: css("--fonts") };
  return {
    x: {
      type: "category",
      data: data.labels,
      axisLabel: text,
      axisLine: { lineStyle: { color: css("--line-strong") } },
      axisTick: { show: false },
    },
    y: {
      type: "value",
      scale: data.kind === "candles",
      axisLabel: {
        ...text,
        formatter: (value) =>
          (value / 10 ** data.places).toLocaleString(document.documentElement.lang, {
            notation: "compact",
            maximumFractionDigits: 1,
          }),
      },
      splitLine: { lineStyle: { color: css("--line") } },
    },
  };
}

const frame = (data) => ({
  animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  aria: { enabled: true, label: { description: data.title } },
  color: [css("--brand"), css("--seal"), css("--fall"), css("--wait")],
  textStyle: { fontFamily: css("--fonts"), color: css("--ink") },
  grid: { left: 8, right: 32, top: 28, bottom: 8, containLabel: true },
});

const tooltip = {
  trigger: "axis",
  renderMode: "richText", // HTML tooltips need inline styles
  confine: true,
};

const charts = {
  bars(data) {
    const { x, y } = axes(data);
    return {
      ...frame(data),
      tooltip: { ...tooltip, valueFormatter: (value) => shown(value, data.places) },
      legend: data.series.length > 1 ? { top: 0, textStyle: { color: css("--ink-soft") } } : undefined,
      // long names are read from top to bottom, not along the foot
      xAxis: data.flat ? y : x,
      yAxis: data.flat
        ? { ...x, inverse: true, axisLabel: { ...x.axisLabel, width: 120, overflow: "truncate" } }
        : y,
      series: data.series.map((line) => ({
        name: line.name,
        type: "bar",
        stack: data.stacked ? "all" : undefined,
        data: line.values,
        barMaxWidth: 26,
        itemStyle: { borderRadius: data.stacked ? 0 : data.flat ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      })),
    };
  },
  lines(data) {
    const { x, y } = axes(data);
    return {
      ...frame(data),
      tooltip: { ...tooltip, valueFormatter: (value) => shown(value, data.places) },
      color: data.steps ? [css("--rise"), css("--fall")] : frame(data).color,
      legend: { top: 0, textStyle: { color: css("--ink-soft") } },
      xAxis: { ...x, boundaryGap: false },
      yAxis: data.scaled ? { ...y, scale: true } : y, // an index: what moves, not what is
      series: data.series.map((line) => ({
        name: line.name,
        type: "line",
        data: line.values,
        step: data.steps ? "middle" : false, // a depth: what waits up to a price
        areaStyle: data.steps ? { opacity: 0.15 } : undefined,
        showSymbol: data.labels.length < 3,
        connectNulls: false,
      })),
    };
  },
  candles(data) {
    const { x, y } = axes(data);
    const rise = css("--rise");
    const fall = css("--fall");
    return {
      ...frame(data),
      tooltip: {
        ...tooltip,
        formatter: ([candle]) => {
          if (!candle) return "";
          const [, open, close, low, high] = candle.data;
          const row = (name, value) => `${name} ${shown(value, data.places)}`;
          return [
            candle.name,
            row(data.names.open, open),
            row(data.names.high, high),
            row(data.names.low, low),
            row(data.names.close, close),
          ].join("\n");
        },
      },
      grid: [
        { left: 8, right: 12, top: 12, height: "62%", containLabel: true },
        { left: 8, right: 12, bottom: 8, height: "22%", containLabel: true },
      ],
      xAxis: [
        { ...x, gridIndex: 0, axisLabel: { show: false } },
        { ...x, gridIndex: 1 },
      ],
      yAxis: [
        { ...y, gridIndex: 0 },
        { ...y, gridIndex: 1, scale: false, axisLabel: { ...y.axisLabel, formatter: "{value}" }, splitNumber: 2 },
      ],
      series: [
        {
          type: "candlestick",
          data: data.candles, // open, close, low, high
          itemStyle: { color: rise, borderColor: rise, color0: fall, borderColor0: fall },
        },
        { name: data.names.volume, type: "bar", xAxisIndex: 1, yAxisIndex: 1, data: data.volumes, barMaxWidth: 14 },
      ],
    };
  },
  heat(data) {
    const { x, y } = axes(data);
    const values = data.cells.map((cell) => cell[2] ?? 0);
    return {
      ...frame(data),
      tooltip: {
        renderMode: "richText",
        confine: true,
        formatter: ({ data: [across, down, value] }) =>
          `${data.rows[down]} · ${data.labels[across]}\n${shown(value, data.places)}`,
      },
      grid: { left: 8, right: 12, top: 8, bottom: 48, containLabel: true },
      xAxis: { ...x, splitArea: { show: false } },
      yAxis: { ...x, data: data.rows },
      visualMap: {
        min: 0,
        max: Math.max(1, ...values),
        orient: "horizontal",
        left: "center",
        bottom: 0,
        itemHeight: 120,
        inRange: { color: [css("--brand-soft"), css("--brand")] },
        textStyle: { color: css("--ink-soft") },
        formatter: (value) => shown(Math.round(value), data.places),
      },
      series: [{ type: "heatmap", data: data.cells, itemStyle: { borderColor: css("--card"), borderWidth: 2 } }],
    };
  },
};

function draw(figure) {
  const canvas = figure.querySelector(".chart__canvas");
  if (!window.echarts || canvas.dataset.drawn) return;
  canvas.dataset.drawn = "yes";
  const data = JSON.parse(figure.dataset.chart);
  const locale = document.documentElement.lang.startsWith("zh") ? "ZH" : "EN";
  const chart = window.echarts.init(canvas, null, { renderer: "canvas", locale });
  chart.setOption(charts[data.kind](data));
  figure.querySelector("details").open = false; // the table stays one click away
  new ResizeObserver(() => chart.resize()).observe(canvas);
}

// Only the fields that a kind of order has are shown; without scripts all are.
function followChoice(form) {
  const show = () => {
    const chosen = form.querySelector("[data-chooses]:checked")?.value;
    for (const part of form.querySelectorAll("[data-for]")) {
      const wanted = part.dataset.for.split(" ").includes(chosen);
      part.hidden = !wanted;
      for (const input of part.querySelectorAll("input, select")) input.disabled = !wanted;
    }
  };
  form.addEventListener("change", show);
  show();
}

// On a narrow screen the results come first; a choice to see the facets is kept.
let facetsOpen = innerWidth >= 768;
const keepFacets = () => {
  const facets = document.querySelector("#facets");
  if (facets) facets.open = facetsOpen;
};
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id === "facets") facetsOpen = event.target.open;
  },
  true, // toggles do not bubble
);

// Beside a price that is typed: what the vendor gets of it, fee rounded up as it is.
function showNet(input) {
  const text = document.getElementById(input.getAttribute("aria-describedby"));
  const places = Number(input.dataset.places);
  const tell = () => {
    const typed = /^\d{1,13}(\.\d+)?$/.test(input.value.trim()) ? Number(input.value) : NaN;
    const minor = Math.round(typed * 10 ** places);
    const fee = Math.ceil((minor * Number(input.dataset.net)) / 10000);
    text.textContent = Number.isNaN(minor) ? "" : `${text.dataset.netText} ${shown(minor - fee, places)}`;
  };
  input.addEventListener("input", tell);
}

// A search box that completes what is typed; without scripts it simply searches.
const COMPLETE_AFTER_MS = 120;
function complete(input) {
  if (input.dataset.ready) return;
  input.dataset.ready = "yes";
  const list = document.createElement("ul");
  list.className = "completions";
  list.id = `${input.id}-completions`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.dataset.completions);
  list.hidden = true;
  input.after(list);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
  ])
    input.setAttribute(name, value);
  let chosen = -1;
  let timer = 0;
  let asked = 0;
  const show = (words) => {
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    list.replaceChildren(
      ...words.map((word, at) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${at}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = word;
        return option;
      }),
    );
    list.hidden = !words.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
  };
  const choose = (at) => {
    const options = [...list.children];
    if (!options.length) return;
    chosen = (at + options.length) % options.length;
    options.forEach((option, here) => option.setAttribute("aria-selected", String(here === chosen)));
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = (option) => {
    input.value = option.textContent;
    show([]);
    input.form.requestSubmit();
  };
  input.addEventListener("input", () => {
    clearTimeout(timer);
    const typed = input.value.trim();
    const mine = ++asked;
    if (!typed || typed.length > 40) return show([]);
    timer = setTimeout(async () => {
      const answer = await fetch(`${input.dataset.completes}?q=${encodeURIComponent(typed)}`).catch(() => null);
      const words = answer?.ok ? (await answer.json()).data : [];
      if (mine === asked && document.activeElement === input) show(words);
    }, COMPLETE_AFTER_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") show([]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("li");
    if (option) take(option);
  });
  input.addEventListener("blur", () => show([]));
  input.form.addEventListener("submit", () => {
    clearTimeout(timer);
    asked += 1;
    show([]);
  });
}

// A draft saves itself a moment after the last key; without scripts each step saves.
const SAVE_AFTER_MS = 1500;
function autosave(form) {
  const said = form.querySelector("[data-saved]");
  let timer = 0;
  let saving = null;
  let dirty = false;
  const send = async (more) => {
    dirty = false;
    const request = { method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, ...more };
    const answer = await fetch(form.dataset.autosave, request).catch(() => null);
    const isJson = answer?.headers.get("Content-Type")?.includes("json");
    const told = isJson ? await answer.json() : null;
    said.textContent = told?.said ?? said.dataset.failed;
    if (!answer?.ok) return;
    form.elements.version.value = told.version;
    if (form.dataset.autosave === told.autosave) return;
    form.dataset.autosave = told.autosave; // the first save made the draft
    form.action = told.address;
    history.replaceState(null, "", told.address);
  };
  const save = async (more = {}) => {
    clearTimeout(timer);
    if (saving) await saving;
    if (!dirty) return;
    saving = send(more);
    await saving;
    saving = null;
  };
  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, SAVE_AFTER_MS);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && dirty) save({ keepalive: true });
  });
  // Whatever is sent from this page waits until the draft is safe, so that none of it
  // is lost and no version is overtaken.
  document.addEventListener(
    "submit",
    async (event) => {
      if (event.target === form) {
        dirty = false; // this very form brings it
        clearTimeout(timer);
      }
      if (!dirty && !saving) return;
      event.preventDefault();
      event.stopPropagation();
      const { target, submitter } = event;
      await save();
      target.requestSubmit(submitter);
    },
    true,
  );
}

function start(root) {
  root.querySelectorAll("form[data-autosave]").forEach(autosave);
  root.querySelectorAll("[data-net]").forEach(showNet);
  root.querySelectorAll("[data-completes]").forEach(complete);
  // A tick for the comparison is no change of the search around it.
  root.querySelectorAll("[data-quiet]").forEach((input) =>
    input.addEventListener("change", (event) => event.stopPropagation()),
  );
  root.querySelectorAll("[data-chart]").forEach(draw);
  root.querySelectorAll("[data-copies]").forEach((button) => {
    const field = document.getElementById(button.dataset.copies);
    button.hidden = !navigator.clipboard; // a browser's own menu copies, too
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.copied;
    });
  });
  root.querySelectorAll("form[data-follows]").forEach(followChoice);
  root.querySelectorAll("[data-autosubmit]").forEach((control) =>
    control.addEventListener("change", () => control.form.requestSubmit()),
  );
}

// One menu open at a time; Escape and a click elsewhere close it.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open], details.confirm[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.menu[open], details.confirm[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
// A form that moves something is sent once, however often it is pressed.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (event.target.dataset.sent) event.preventDefault();
  else if (!event.target.hasAttribute("data-download")) event.target.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
document.addEventListener("DOMContentLoaded", () => {
  start(document);
  keepFacets();
  // The sections scroll sideways on a narrow screen; the one of this page is in view.
  const section = document.querySelector(".site-nav [aria-current]");
  section?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });
  document.querySelector(".refusal, [aria-invalid]")?.focus();
});
document.addEventListener("htmx:afterSwap", (event) => {
  start(event.target);
  keepFacets();
});
