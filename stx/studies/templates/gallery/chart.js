"use strict";
const at = (id) => document.getElementById(id);
const SERIES = ["total", "content", "style"];

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const svg = (tag, attributes, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
};

const number = (value) => {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (value === 0 || (size >= 0.001 && size < 1e6)) return String(Number(value.toPrecision(4)));
  return value.toExponential(2);
};

const tick = (value) => String(value).length > 5 ? value.toExponential(0) : value;

function ticks(low, high) { // powers of ten; 2 and 5 times them where there are few
  const all = (factors) => {
    const values = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const factor of factors) values.push(factor * 10 ** power);
    }
    return values.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  };
  const tens = all([1]);
  const values = tens.length > 1 ? tens : all([1, 2, 5]);
  return values.filter((_, place) => place % Math.ceil(values.length / 6) === 0);
}

function draw(losses, events) { // on a logarithmic scale over steps; a line is broken where there was no number
  const names = SERIES.filter((name) => losses[name]);
  const points = names.flatMap((name) => losses[name]);
  const values = points.map(([, value]) => value).filter((value) => value !== null);
  at("chart").toggleAttribute("hidden", !values.length);
  at("legend").hidden = !values.length;
  at("no-losses").hidden = values.length > 0;
  const said = events.map(([step, what]) => `not finite at step ${step}: ${what}`);
  at("events").replaceChildren(...said.map((textContent) => make("li", { textContent })));
  if (!values.length) return;
  const { width, height } = at("chart").getBoundingClientRect();
  const [left, right, top, bottom] = [52, 8, 8, 22];
  const steps = [...points, ...events].map(([step]) => step);
  const first = Math.min(...steps), last = Math.max(first + 1, ...steps);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (high < low * 1.5) [low, high] = [low / 1.5, high * 1.5];
  const x = (step) => (left + (width - left - right) * (step - first) / (last - first)).toFixed(1);
  const y = (value) => (top + (height - top - bottom) * Math.log(high / value) / Math.log(high / low)).toFixed(1);
  const parts = ticks(low, high).flatMap((value) => [
    svg("path", { class: "grid", d: `M${left} ${y(value)}H${width - right}` }),
    svg("text", { x: left - 6, y: Number(y(value)) + 4, "text-anchor": "end" }, tick(Number(value.toPrecision(1)))),
  ]);
  parts.push(svg("text", { x: left, y: height - 4 }, `step ${first}`));
  parts.push(svg("text", { x: width - right, y: height - 4, "text-anchor": "end" }, last));
  for (const [step] of events) parts.push(svg("path", { class: "event", d: `M${x(step)} ${top}V${height - bottom}` }));
  for (const name of names) {
    let path = "", down = false; // whether the pen is
    for (const [step, value] of losses[name]) {
      const spot = `${x(step)} ${y(value ?? 1)}`;
      if (value !== null) path += down ? `L${spot}` : `M${spot}h0`; // which shows a point by itself too
      down = value !== null;
    }
    parts.push(svg("path", { class: `curve ${name}`, d: path }));
  }
  const ends = names.map((name) => [name, losses[name].findLast(([, value]) => value !== null)?.[1]]);
  at("chart").setAttribute("viewBox", `0 0 ${width} ${height}`);
  const now = ends.map(([name, value]) => `${name} ${number(value)}`).join(", ");
  const label = `Losses over steps ${first} to ${last}, logarithmic; at the end ${now}`;
  at("chart").setAttribute("aria-label", events.length ? `${label}; ${said[0]}` : label);
  at("chart").replaceChildren(...parts);
  at("legend").replaceChildren(...ends.map(([name, value]) => {
    const line = svg("svg", { viewBox: "0 0 28 8", "aria-hidden": "true" });
    line.append(svg("path", { class: `curve ${name}`, d: "M0 4H28" }));
    return make("li", {}, line, `${name} `, make("b", { textContent: number(value) }));
  }));
}
