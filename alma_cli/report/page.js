"use strict";
// Draws the charts, opens what a link leads into, and shows only what says some words. Without it all texts and tables are there.
(() => {
  const given = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const percent = (share) => Math.round(100 * share) + "%";
  const utc = (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
  const formats = {
    day: { day: "numeric", month: "short", year: "numeric" },
    week: { day: "numeric", month: "short", year: "numeric" },
    month: { month: "long", year: "numeric" },
    year: { year: "numeric" },
  };
  const named = (seconds) =>
    (given.unit === "week" ? "week of " : "") +
    new Date(seconds * 1000).toLocaleDateString("en-GB", { ...formats[given.unit], timeZone: "UTC" });
  const ticks = {
    day: { day: "numeric", month: "short" },
    week: { day: "numeric", month: "short" },
    month: { month: "short", year: "2-digit" },
    year: { year: "numeric" },
  };
  const marked = (seconds) => new Date(seconds * 1000).toLocaleDateString("en-GB", { ...ticks[given.unit], timeZone: "UTC" });
  const LENGTH = { day: 1, week: 7, month: 30, year: 365 }[given.unit] * 86400;
  const HEIGHT = 236;
  let drawn = [];

  function axes(values, more) {
    const axis = { stroke: colour("quiet"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    return [
      {
        ...axis, grid: { show: false }, size: 32, values: (self, splits) => splits.map(marked),
        splits: (self) => {
          const each = Math.ceil(given.periods.length / Math.max(2, Math.floor(self.bbox.width / devicePixelRatio / 62)));
          return given.periods.filter((period, place) => place % each === 0);
        },
      },
      { ...axis, grid: { stroke: colour("line"), width: 1 }, size: 46, values },
      ...more.map((one) => ({ ...axis, grid: { show: false }, size: 46, ...one })),
    ];
  }

  function draw(place, said, options, data, words, told = data[0].length - 1) {
    const box = at(place);
    const inner = () => Math.max(200, box.clientWidth - 20);
    const xs = data[0];
    const chart = new uPlot(
      {
        width: inner(), height: HEIGHT, tzDate: utc, legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
        ...options,
        scales: { x: { range: () => [xs[0] - LENGTH * 0.6, xs[xs.length - 1] + LENGTH * 0.6] }, ...options.scales },
        hooks: { setCursor: [(self) => { at(said).textContent = words(self.cursor.idx ?? told); }] },
      },
      data, box,
    );
    at(said).textContent = words(told);
    drawn.push({ chart, fit: () => { if (inner() !== chart.width) chart.setSize({ width: inner(), height: HEIGHT }); } });
  }

  function success() {
    const { outcomes, rate, low, high } = given.courses[at("course").value];
    const line = colour("link");
    const edge = { stroke: "transparent", points: { show: false }, spanGaps: true };
    draw("success-chart", "success-at",
      {
        scales: { y: { range: [0, 1] } },
        axes: axes((self, ticks) => ticks.map(percent), []),
        series: [{}, edge, edge, { stroke: line, width: 2, spanGaps: true, points: { show: true, size: 6, fill: line } }],
        bands: [{ series: [2, 1], fill: colour("band") }],
      },
      [given.periods, low, high, rate],
      (place) => named(given.periods[place]) + ": " + (outcomes[place]
        ? percent(rate[place]) + " worked (" + percent(low[place]) + " to " + percent(high[place]) + ") of " + outcomes[place].toLocaleString("en")
        : "no outcomes"),
      outcomes.findLastIndex((count) => count));
  }

  function growth() {
    const { success: good, partial, failure, rules } = given.growth;
    const bars = uPlot.paths.bars({ size: [0.72, 26] });
    const bar = (fill) => ({ fill: colour(fill), width: 0, paths: bars, points: { show: false } });
    const two = good.map((count, place) => count + partial[place]);
    const all = two.map((count, place) => count + failure[place]);
    draw("growth-chart", "growth-at",
      {
        scales: { y: { range: (self, least, most) => [0, Math.max(4, most * 1.08)] }, rules: { range: (self, least, most) => [0, Math.max(4, most * 1.15)] } },
        axes: axes((self, ticks) => ticks.map((tick) => Number.isInteger(tick) ? tick.toLocaleString("en") : ""),
          [{ side: 1, scale: "rules", values: (self, ticks) => ticks.map((tick) => Number.isInteger(tick) ? tick.toLocaleString("en") : "") }]),
        series: [{}, bar("bad-fill"), bar("part-fill"), bar("good-fill"), { scale: "rules", stroke: colour("link"), width: 2, points: { show: false } }],
      },
      [given.periods, all, two, good, rules],
      (place) => named(given.periods[place]) + ": " + good[place] + " worked, " + partial[place] + " partly, " + failure[place] + " failed; " + rules[place] + (rules[place] === 1 ? " rule" : " rules"));
  }

  function drawAll() {
    for (const { chart } of drawn) chart.destroy();
    drawn = [];
    if (!at("course")) return;
    success();
    growth();
  }

  function openTarget() {
    let target = null;
    try { target = at(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    target.scrollIntoView();
  }

  function find() {
    const words = at("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of document.querySelectorAll(".item:not(.item .item)")) {
      const text = words.length ? item.textContent.toLowerCase() : "";
      if (words.length) for (let part = item.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
      item.hidden = !words.every((word) => text.includes(word));
    }
  }

  drawAll();
  openTarget();
  at("course")?.addEventListener("change", drawAll);
  at("find").addEventListener("input", find);
  addEventListener("hashchange", openTarget);
  addEventListener("resize", () => { for (const { fit } of drawn) fit(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("beforeprint", () => { root.dataset.paper = ""; drawAll(); });
  addEventListener("afterprint", () => { delete root.dataset.paper; drawAll(); });
})();
