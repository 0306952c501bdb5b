const BAD = ["failed", "diverged", "interrupted"];
const WHERE = { where: "key", is: "condition", value: "value" }; // a filter's parts in the address
let state = { words: "", sort: "started", down: false, filters: [], run: null };
let order = []; // numbers of the runs that are to be seen

const DISTANCES = { style: "measure/style_distance", content: "measure/content", structure: "measure/cfsd" };

// as a run's last lines have them; empty where it was not measured
const distances = ({ metrics }) => Object.entries(DISTANCES).filter(([, name]) => Number.isFinite(metrics[name]))
  .map(([word, name]) => `${word} ${metrics[name].toFixed(2)}`).join(" · ");

const still = (key, alt) => make("img", { src: picture(key), alt, title: alt, decoding: "async" });

function tile(run, place) {
  const result = run.picture.length ? still(run.picture[0], `Result of ${run.name}`)
    : make("p", { textContent: run.message || run.empty });
  const given = run.given.filter((one) => one.picture.length).map((one) => still(one.picture[0], called(one)));
  const title = make("span", { className: "title", textContent: run.name });
  const outcome = make("span", { className: "outcome", textContent: ` · ${run.outcome}` });
  if (run.outcome !== "finished") title.append(outcome);
  if (run.best) title.append(make("span", { className: "mark", textContent: " · best" }));
  const button = make("button", { type: "button", className: `tile ${run.outcome}${run.best ? " best" : ""}` },
    make("span", { className: "shot" }, result), make("span", { className: "thumbs" }, ...given), title,
    make("span", { className: "distances", textContent: distances(run) }), make("span", { className: "value" }));
  button.addEventListener("click", () => open(place));
  return make("li", {}, button);
}

const tiles = runs.map(tile);

function render() {
  order = chosen(state);
  const key = BY_KEY.get(state.sort);
  for (const place of order) tiles[place].querySelector(".value").replaceChildren(...told(runs[place], key));
  at("grid").replaceChildren(...order.map((place) => tiles[place]));
  const bad = BAD.map((outcome) => [order.filter((place) => runs[place].outcome === outcome).length, outcome]);
  const counts = [[`${order.length} of ${runs.length}`, "runs"], ...bad.filter(([count]) => count)];
  at("count").textContent = counts.map((each) => each.join(" ")).join(" · ");
  at("nothing").hidden = order.length > 0;
  at("nothing").textContent = runs.length ? "No run matches." : "There are no runs here yet.";
  at("clear").hidden = order.length > 0 || !runs.length;
  at("down").textContent = state.down ? "↓ descending" : "↑ ascending";
}

function keep() { // the address says all of it, so that it can be sent to somebody
  const parts = new URLSearchParams();
  if (state.words) parts.append("words", state.words);
  if (state.sort !== "started") parts.append("sort", state.sort);
  if (state.down) parts.append("down", "1");
  for (const filter of state.filters) { // a part each: a key may have any sign in it
    for (const [name, of] of Object.entries(WHERE)) parts.append(name, filter[of]);
  }
  if (state.run !== null) parts.append("run", String(state.run + 1));
  history.replaceState(null, "", `#${parts}`);
}

function read() { // what the address does not say, or says wrongly, is as at first
  const parts = new URLSearchParams(location.hash.slice(1)), run = Number(parts.get("run")) - 1;
  const all = Object.keys(WHERE).map((name) => parts.getAll(name));
  const filters = all[0].map((key, place) => ({ key, condition: all[1][place], value: all[2][place] ?? "" }));
  state = {
    words: parts.get("words") ?? "",
    sort: BY_KEY.has(parts.get("sort")) ? parts.get("sort") : "started",
    down: parts.has("down"),
    filters: filters.filter(({ key }) => BY_KEY.has(key)),
    run: run in runs ? run : null,
  };
  at("words").value = state.words;
  at("sort").value = state.sort;
  at("filters").replaceChildren(...state.filters.map(row));
  render();
  if (state.run !== null) open(state.run);
  else at("view").close();
}

function changed() {
  render();
  keep();
}

function options(select, value, own) {
  const of = (kind) => keys.filter(({ key }) => key.startsWith(kind));
  for (const [label, some] of [["Run", own], ["Params", of("params.")], ["Metrics", of("metrics.")]]) {
    const listed = some.map(({ key, label: textContent }) => make("option", { value: key, textContent }));
    if (some.length) select.append(make("optgroup", { label }, ...listed));
  }
  select.value = value;
  return select;
}

function row(filter) {
  const select = options(make("select", { ariaLabel: "Filter on" }), filter.key, FIRST.slice(1));
  const conditions = make("select", { ariaLabel: "Condition" });
  const value = make("input", { type: "text", value: filter.value, ariaLabel: "Value" });
  const said = make("span", { className: "misfit", role: "status" });
  const judge = () => {
    value.ariaInvalid = String(misfit(filter));
    said.textContent = misfit(filter) ? "Not a number, so this filter is ignored. Write it as 0.5 or 1e-3." : "";
  };
  const fit = () => { // numbers are compared, texts looked into
    const allowed = BY_KEY.get(filter.key).number ? ["<", ">", "="] : ["~", "="];
    conditions.replaceChildren(
      ...allowed.map((sign) => make("option", { value: sign, textContent: CONDITIONS[sign] })));
    if (!allowed.includes(filter.condition)) filter.condition = allowed[0];
    conditions.value = filter.condition;
    judge();
  };
  fit();
  select.addEventListener("change", () => { filter.key = select.value; fit(); changed(); });
  conditions.addEventListener("change", () => { filter.condition = conditions.value; changed(); });
  value.addEventListener("input", () => { filter.value = value.value; judge(); changed(); });
  const remove = make("button", { type: "button", textContent: "×", ariaLabel: "Remove this filter" });
  const whole = make("div", { className: "filter" }, select, conditions, value, remove, said);
  remove.addEventListener("click", () => {
    state.filters = state.filters.filter((one) => one !== filter);
    whole.remove();
    at("add").focus();
    changed();
  });
  return whole;
}

function open(place) {
  state.run = place;
  show(runs[place], Math.max(0, order.indexOf(place)), order.length);
  keep();
}

turn = (way) => {
  const next = order[order.indexOf(state.run) + way];
  if (next !== undefined) open(next);
};
closed = () => {
  const last = state.run;
  state.run = null;
  keep();
  if (last !== null) tiles[last].firstChild.focus();
};

options(at("sort"), "started", FIRST);
at("controls").addEventListener("submit", (event) => event.preventDefault());
at("words").addEventListener("input", () => { state.words = at("words").value; changed(); });
at("sort").addEventListener("change", () => { state.sort = at("sort").value; changed(); });
at("down").addEventListener("click", () => { state.down = !state.down; changed(); });
at("add").addEventListener("click", () => {
  const filter = { key: keys[0]?.key ?? "name", condition: "~", value: "" };
  state.filters.push(filter);
  at("filters").append(row(filter));
  at("filters").lastChild.querySelector("select").focus();
  changed();
});
at("clear").addEventListener("click", () => { history.replaceState(null, "", "#"); read(); });
addEventListener("hashchange", read);
addEventListener("DOMContentLoaded", () => { if (state.run !== null) open(state.run); }); // whose picture has come now
read();
