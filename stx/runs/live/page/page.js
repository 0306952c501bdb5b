"use strict";
const { token, run, follows } = document.documentElement.dataset;
const SERIES = ["total", "content", "style"];
const AGAIN_MS = 3000; // between two looks whether the next run is here
const PHASES = {
  starting: "Getting ready", working: "At work", stopping: "Stopping after this step",
  ending: "Measuring the picture", finished: "Finished",
  interrupted: "Stopped", diverged: "Diverged", pruned: "Cut short by its search", failed: "Failed",
};
const at = (id) => document.getElementById(id);
let state = null, asked = false, shown = 0, address = "";

function connect() {
  const source = new EventSource("/events");
  source.onopen = () => at("phase").classList.remove("warn");
  source.onerror = () => { if (!state?.over) say("No answer from the run: trying again", true); };
  source.onmessage = async (event) => {
    const news = JSON.parse(event.data);
    if (news.run !== run) { location.reload(); return; } // the next run, at the same address
    state = news;
    render();
    await renew();
    if (!news.over) return;
    await renew(); // once more, if the last picture did not come
    source.close(); // which tells the run that this page has what it can have
    if (follows) setTimeout(connect, AGAIN_MS);
  };
}

function say(text, warn) {
  if (at("phase").textContent !== text) at("phase").textContent = text;
  at("phase").classList.toggle("warn", warn);
}

function render() {
  const { step, steps, over, left, events } = state;
  const phase = asked && state.phase === "working" ? "stopping" : state.phase;
  say(PHASES[phase] ?? phase, ["diverged", "failed"].includes(phase) || events.length > 0);
  at("bar").max = steps;
  at("bar").value = step;
  at("step").textContent = `${step} of ${steps}`;
  at("left").textContent = left === null ? "–" : duration(left);
  at("where").textContent = state.where || "–";
  at("stop").disabled = phase !== "working";
  at("happened").hidden = !events.length;
  for (const [number, what] of events.slice(at("events").children.length)) {
    at("events").append(Object.assign(document.createElement("li"), { textContent: `step ${number}: ${what}` }));
  }
  at("ended").hidden = !over || !state.said;
  at("said").textContent = state.said;
  document.title = `${over ? PHASES[phase] ?? phase : `${Math.floor(100 * step / steps)} %`} · stx`;
  const newest = state.curve.at(-1);
  SERIES.forEach((name, place) => { at(name).textContent = newest ? number(newest[place + 1]) : "–"; });
  draw();
}

async function renew() {
  const wanted = state.picture, behind = state.behind;
  if (wanted === shown) return;
  try {
    const answer = await fetch("/picture", { cache: "no-store" });
    if (!answer.ok) return;
    const next = URL.createObjectURL(await answer.blob());
    if (wanted <= shown) { URL.revokeObjectURL(next); return; } // a later one was faster
    shown = wanted;
    at("image").src = next;
    at("image").alt = behind ? `The picture after step ${behind}` : "The starting picture";
    at("caption").textContent = at("image").alt;
    if (address) URL.revokeObjectURL(address);
    address = next;
  } catch { /* the run has gone: the last picture stays */ }
}

function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds)), [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

const number = (value) => value === null ? "not finite" : value.toPrecision(3);

function ticks(low, high) { // powers of ten; 2 and 5 times them where there are few
  const all = (steps) => {
    const values = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const each of steps) values.push(each * 10 ** power);
    }
    return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  };
  const tens = all([1]);
  const values = tens.length > 1 ? tens : all([1, 2, 5]);
  return values.filter((_, place) => place % Math.ceil(values.length / 6) === 0);
}

function draw() { // the losses on a logarithmic scale over steps; a line is broken where there is no number, or another level
  const chart = at("chart"), { curve, levels } = state;
  const values = curve.flatMap((point) => point.slice(1)).filter((value) => value > 0);
  if (!values.length) return;
  const { width, height } = chart.getBoundingClientRect();
  const [left, right, top, bottom] = [48, 8, 8, 22], first = curve[0][0], last = Math.max(first + 1, curve.at(-1)[0]);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high < low * 1.5) [low, high] = [low / 1.5, high * 1.5];
  const x = (step) => left + (width - left - right) * (step - first) / (last - first);
  const y = (value) => top + (height - top - bottom) * Math.log(high / value) / Math.log(high / low);
  const parts = [];
  const add = (tag, attributes, text = "") => {
    const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
    part.textContent = text;
    parts.push(part);
  };
  for (const value of ticks(low, high)) {
    add("path", { class: "grid", d: `M${left} ${y(value)}H${width - right}` });
    add("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, Number(value.toPrecision(1)).toString().length > 5
      ? value.toExponential(0) : Number(value.toPrecision(1)));
  }
  for (const step of levels.slice(0, -1)) {
    if (step > first && step < last) add("path", { class: "level", d: `M${x(step)} ${top}V${height - bottom}` });
  }
  add("text", { x: left, y: height - 4 }, `step ${first}`);
  add("text", { x: width - right, y: height - 4, "text-anchor": "end" }, last);
  SERIES.forEach((name, place) => {
    let path = "", before = null; // the level that the pen is at
    for (const point of curve) {
      const value = point[place + 1], level = value > 0 ? levels.findIndex((end) => point[0] <= end) : null;
      if (value > 0) path += `${level === before ? "L" : "M"}${x(point[0]).toFixed(1)} ${y(value).toFixed(1)}`;
      before = level;
    }
    add("path", { class: `curve ${name}`, d: path });
  });
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const now = SERIES.map((name, place) => `${name} ${number(curve.at(-1)[place + 1])}`).join(", ");
  chart.setAttribute("aria-label", `Losses over steps ${first} to ${last}, logarithmic: now ${now}`);
  chart.replaceChildren(...parts);
}

at("stop").addEventListener("click", async () => {
  let refused = "No answer from the run";
  at("stop").disabled = true; // until there is one
  try {
    const answer = await fetch("/stop", { method: "POST", headers: { "X-Stx-Token": token } });
    asked = answer.ok;
    refused = asked ? "" : `Not stopped: ${await answer.text()}`;
  } catch { asked = false; }
  render();
  if (refused && !state.over) say(refused, true);
});
addEventListener("resize", () => { if (state) draw(); });
connect();
