const JPEG = "data:image/jpeg;base64,";
let shown = null; // the run of the full view
let turn = () => {}, closed = () => {}; // what the grid does about the next run, and the end

const picture = (key) => { // of a page that is still coming, larger pictures are not yet there
  const text = key && at(key);
  return text ? JPEG + text.textContent : "";
};

const called = ({ role, name }) => `${role === "content" ? "photograph" : "painting"} ${name}`;

function put(image, source, alt) {
  image.hidden = !source;
  if (source) Object.assign(image, { src: source, alt });
  else image.removeAttribute("src");
}

function split() { // the given picture is seen up to the edge, the result behind it
  const share = at("below").hidden ? 0 : Number(at("split").value);
  at("above").style.clipPath = `inset(0 0 0 ${share}%)`;
  at("edge").style.left = `${share}%`;
  at("edge").hidden = at("below").hidden;
  at("split").setAttribute("aria-valuetext", `${share} % ${at("compared").textContent}, ${100 - share} % result`);
}

function step() {
  const last = shown.along.length - 1;
  const [number, key] = shown.along[Number(at("time").value)] ?? [null, shown.picture[1]];
  const whole = last < 0 || Number(at("time").value) === last;
  put(at("above"), picture(whole ? shown.picture[1] : key) || picture(shown.picture[0]),
    whole ? `Result of ${shown.name}` : `${shown.name} after step ${number}`);
  at("step").textContent = last < 0 ? "" : `step ${number}${whole ? ", the last" : ""}`;
  at("time").setAttribute("aria-valuetext", `step ${number}`);
}

function rows(values, text) {
  return Object.entries(values).sort(([one], [other]) => one.localeCompare(other)).map(([name, value]) => make("tr", {},
    Object.assign(make("th", { textContent: name }), { scope: "row" }), make("td", { textContent: text(value) })));
}

function places(run) {
  const items = [];
  const [address, before] = run.link;
  if (/^https?:\/\//.test(address ?? "")) {
    items.push(make("li", {}, make("a", { href: address, textContent: "The run in MLflow", rel: "noreferrer" })));
  }
  for (const line of [/^https?:\/\//.test(address ?? "") ? "" : address, before]) {
    if (line) items.push(make("li", {}, make("code", { textContent: line })));
  }
  if (run.place) items.push(make("li", {}, "The command was typed in ", make("code", { textContent: run.place })));
  if (run.folder) items.push(make("li", {}, "Its folder: ", make("code", { textContent: run.folder })));
  return items;
}

function show(run, place, count) {
  shown = run;
  at("name").textContent = run.name;
  at("place").textContent = `${place + 1} of ${count}`;
  at("previous").disabled = place === 0;
  at("next").disabled = place === count - 1;
  at("ended").textContent = run.outcome + (run.message ? `: ${run.message}` : "") + (run.best ? ", the sweep's best" : "");
  at("ended").classList.toggle("warn", ["failed", "diverged", "interrupted"].includes(run.outcome));
  const beside = run.given.find(({ picture }) => picture.length); // the photograph; of a texture, the painting
  const compared = run.picture.length ? beside : undefined;
  put(at("below"), picture(compared?.picture[1]) || picture(compared?.picture[0]), compared ? called(compared) : "");
  at("compared").textContent = compared?.role === "style" ? "painting" : "photograph";
  at("splitting").hidden = !compared;
  at("stepping").hidden = run.along.length < 2;
  at("time").max = Math.max(0, run.along.length - 1);
  at("time").value = at("time").max;
  at("empty").textContent = run.empty;
  at("empty").hidden = !run.empty;
  split();
  step();
  at("given").replaceChildren(...run.given.filter(({ picture }) => picture.length).map((one) => make("figure", {},
    make("img", { src: picture(one.picture[1]) || picture(one.picture[0]), alt: called(one) }),
    make("figcaption", { textContent: called(one) }))));
  at("command").textContent = run.command || "The command was not recorded.";
  at("copy").hidden = !run.command;
  at("copy").textContent = "Copy";
  at("where").replaceChildren(...places(run));
  at("params").replaceChildren(...rows(run.params, String));
  at("metrics").replaceChildren(...rows(run.metrics, number));
  if (!at("view").open) at("view").showModal();
  at("view").scrollTop = 0;
  at("name").focus();
  draw(run.losses, run.events);
}

async function copy() {
  try {
    await navigator.clipboard.writeText(shown.command);
    at("copy").textContent = "Copied";
  } catch { // not allowed: selected, it can be copied by hand
    getSelection().selectAllChildren(at("command"));
    at("copy").textContent = "Selected";
  }
}

function drag(event) {
  if (event.buttons !== 1 || at("below").hidden) return;
  const { left, width } = at("stage").getBoundingClientRect();
  at("split").value = 100 * (event.clientX - left) / width;
  split();
}

at("split").addEventListener("input", split);
at("time").addEventListener("input", step);
at("copy").addEventListener("click", copy);
at("close").addEventListener("click", () => at("view").close());
at("previous").addEventListener("click", () => turn(-1));
at("next").addEventListener("click", () => turn(1));
at("view").addEventListener("close", () => closed());
at("view").addEventListener("keydown", (event) => {
  const ways = { ArrowLeft: -1, ArrowRight: 1 };
  if (!(event.key in ways) || event.target.type === "range" || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  turn(ways[event.key]);
});
for (const kind of ["pointerdown", "pointermove"]) at("stage").addEventListener(kind, drag);
addEventListener("resize", () => { if (at("view").open) draw(shown.losses, shown.events); });
