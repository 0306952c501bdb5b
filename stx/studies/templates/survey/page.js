"use strict";
const at = (id) => document.getElementById(id);
const survey = JSON.parse(at("survey").textContent);
const collects = "collects" in document.documentElement.dataset; // by the server that the page is of
const STORED = `stx-survey-${survey.survey}`;
const QUESTIONS = { style: "Which is closer in style to this painting?", content: "Which keeps more of this photograph?" };
const TASKS = {
  style: "You see a painting, and two pictures below it. Choose the one that is closer to the painting in style: its colours, its strokes, its textures. What the pictures show does not matter here.",
  content: "You see a photograph, and two pictures below it. Choose the one that keeps more of what the photograph shows: the objects, their shapes and their positions. Colours and strokes do not matter here.",
};
const BESIDE = { style: "The painting", content: "The photograph" };
const MOST = 100; // answers at once
const [SOON_MS, LATE_MS] = [2000, 30000]; // between two tries to send
const BLINK_MS = 200; // after a picture has come, in which a second click is of the one before

// What the rater is asked: all of it follows from the rater's number, so that a reload asks the same.

function random(seed) { // sfc32, from 128 bits
  let [a, b, c, d] = seed.match(/.{8}/g).map((word) => parseInt(word, 16) | 0);
  const next = () => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let turn = 0; turn < 12; turn++) next();
  return next;
}

function shuffled(items, next) {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(next() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}

function part(asks, next) {
  const { pool, questions: count } = survey, start = Math.floor(next() * pool.length);
  const some = shuffled(Array.from({ length: count }, (_, place) => pool[(start + place) % pool.length]), next);
  const turned = shuffled(some.map((_, place) => place % 2 === 1), next); // half of them
  const asked = some.map(([pair, one, other, photograph, painting], place) => {
    const [left, right] = turned[place] ? [other, one] : [one, other];
    return { pair, asks, again: false, left, right, beside: asks === "style" ? painting : photograph };
  });
  const half = Math.ceil(count / 2);
  const again = shuffled(asked.slice(0, half), next).slice(0, survey.again);
  for (const { left, right, ...rest } of again) { // among the later ones, where the first answer is forgotten
    const place = half + Math.floor(next() * (asked.length - half + 1));
    asked.splice(place, 0, { ...rest, again: true, left: right, right: left });
  }
  return asked;
}

function planned(rater) {
  const next = random(rater);
  const order = next() < 0.5 ? ["style", "content"] : ["content", "style"];
  return order.flatMap((asks) => part(asks, next));
}

// What the rater has said: kept by the browser, where it keeps anything.

function stored() {
  try {
    const state = JSON.parse(localStorage.getItem(STORED));
    if (/^[0-9a-f]{32}$/.test(state.rater) && Array.isArray(state.answers) && Number.isInteger(state.sent)) return state;
  } catch { /* nothing is, or something else */ }
  return null;
}

function keep() {
  try {
    localStorage.setItem(STORED, JSON.stringify(state));
  } catch {
    say("This browser cannot store your answers: do not close or reload the page before the end.");
  }
}

function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const rater = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { rater, answers: [], sent: 0, open: false }; // open: whether the last answer can be taken back
}

let state = stored() ?? fresh();
let plan = planned(state.rater);
let begun = "", seen = Infinity; // the part whose task has been read; when the pictures were there

// What is shown.

function say(text) {
  if (at("said").textContent !== text) at("said").textContent = text;
}

function show() {
  const done = state.answers.length, question = plan[done];
  at("bar").max = plan.length;
  at("bar").value = done;
  const entered = done > 0 || begun === question.asks; // before the first question nothing is counted
  at("place").textContent = !entered ? "" : question ? `${done + 1} of ${plan.length}` : `${plan.length} questions`;
  at("intro").hidden = !question || begun === question.asks;
  at("asking").hidden = !question || begun !== question.asks;
  at("end").hidden = Boolean(question);
  if (!question) finish();
  else if (begun === question.asks) ask(question);
  else introduce(question);
}

function introduce({ asks }) {
  at("about").textContent = QUESTIONS[asks].replace("this", "the");
  at("task").textContent = TASKS[asks];
  at("opening").hidden = state.answers.length > 0;
  at("begin").textContent = state.answers.length ? "Continue" : "Begin";
  at("about").focus();
}

async function ask(question) {
  seen = Infinity;
  at("question").textContent = QUESTIONS[question.asks];
  at("back").disabled = !state.open;
  const shown = { beside: at("beside"), left: at("left").firstChild, right: at("right").firstChild };
  for (const [side, image] of Object.entries(shown)) image.src = survey.pictures[question[side]];
  shown.beside.alt = BESIDE[question.asks];
  try {
    await Promise.all(Object.values(shown).map((image) => image.decode()));
  } catch {
    return; // another question's pictures have taken their places
  }
  if (plan[state.answers.length] === question) seen = performance.now();
}

function finish() {
  state.open = false;
  keep();
  at("outlook").textContent = collects
    ? "That was all. Your answers are sent as you give them; you can save a copy."
    : "That was all. Save your answers as a file, and send it to the person who asked you.";
  at("next").hidden = !(collects && state.sent === plan.length); // else the answers are to be saved before
  at("thanks").focus();
  send();
}

// What the rater does.

function choose(side) {
  const question = plan[state.answers.length], waited = performance.now() - seen;
  if (!question || at("asking").hidden || !(waited > BLINK_MS)) return;
  const { pair, asks, again, left } = question;
  const ms = Math.min(Math.round(waited), 86400000);
  state.answers.push({ pair, asks, again, left, chosen: question[side], ms, n: state.answers.length });
  state.open = true;
  keep();
  show();
  send();
}

function back() {
  if (!state.open || at("asking").hidden) return;
  state.answers.pop();
  state.open = false;
  begun = plan[state.answers.length].asks;
  keep();
  show();
}

function save() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([sheet(state.answers)], { type: "application/json" }));
  link.download = `answers-${state.rater}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  at("next").hidden = false;
}

function restart() { // for another rater, at the same browser
  state = fresh();
  plan = planned(state.rater);
  begun = "";
  say("");
  keep();
  show();
}

// What is sent, to the page's own server alone: answers that are settled, in their order, until it has them.

let sending = false, pause = SOON_MS, timer = 0;

const sheet = (answers) => JSON.stringify({ format: 1, survey: survey.survey, rater: state.rater, answers });

async function send() {
  const settled = state.answers.length - (state.open ? 1 : 0), some = state.answers.slice(state.sent, settled).slice(0, MOST);
  if (!collects || sending || !some.length) return;
  const { rater, sent } = state; // which another tab, or another rater, may change meanwhile
  sending = true;
  clearTimeout(timer);
  let again = true;
  try {
    const answer = await fetch("answers", {
      method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: sheet(some),
    });
    if (answer.ok || answer.status === 409) { // it has them, or others that it keeps
      pause = SOON_MS;
      if (state.rater === rater) {
        state.sent = Math.max(state.sent, sent + some.length);
        keep();
        const all = state.sent === plan.length;
        say(all ? "All answers have arrived." : "");
        at("next").hidden = !all;
      }
    } else if (answer.status < 500 && ![408, 429].includes(answer.status)) {
      again = false;
      say(`The server does not accept the answers (${await answer.text()}): save them as a file at the end.`);
    } else throw new Error(answer.statusText);
  } catch {
    say("The server does not respond. Continue: your choices are stored here, and will be sent when it does.");
    timer = setTimeout(send, pause);
    pause = Math.min(2 * pause, LATE_MS);
    again = false;
  }
  sending = false;
  if (again) send();
}

at("begin").addEventListener("click", () => {
  begun = plan[state.answers.length].asks;
  keep();
  show();
});
at("left").addEventListener("click", () => choose("left"));
at("right").addEventListener("click", () => choose("right"));
at("back").addEventListener("click", back);
at("save").addEventListener("click", save);
at("next").addEventListener("click", restart);
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const side = { 1: "left", ArrowLeft: "left", 2: "right", ArrowRight: "right" }[event.key];
  if (side) choose(side);
  else if (event.key === "Enter" && !at("intro").hidden && event.target !== at("begin")) at("begin").click();
  else if (event.key === "Backspace") back();
});
addEventListener("online", send);
addEventListener("storage", (event) => { // the same survey in another tab
  if (event.key !== STORED) return;
  state = stored() ?? fresh();
  plan = planned(state.rater);
  show();
});
addEventListener("pagehide", () => {
  state.open = false;
  keep();
  send();
});
show();
send();
