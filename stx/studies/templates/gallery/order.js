const { runs, keys } = JSON.parse(at("content").textContent);
const FIRST = [
  { key: "started", label: "start time", number: true },
  { key: "name", label: "name", number: false },
  { key: "outcome", label: "outcome", number: false },
];
const ALL = [...FIRST, ...keys];
const BY_KEY = new Map(ALL.map((key) => [key.key, key]));
const CONDITIONS = { "~": "contains", "=": "is", ">": "at least", "<": "at most" };
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function valueOf(run, { key, number: numeric }) { // undefined where the run has none
  const dot = key.indexOf(".");
  if (dot < 0) return run[key];
  const values = run[key.slice(0, dot)], name = key.slice(dot + 1);
  if (!Object.hasOwn(values, name)) return undefined;
  return numeric ? Number(values[name]) : String(values[name]);
}

function text(run, key) {
  const value = valueOf(run, key);
  if (value === undefined) return "none";
  if (key.key === "started") return value ? DATE.format(1000 * value) : "unknown";
  return key.number ? number(value) : value;
}

const told = (run, key) => // a long name may go on behind its slash
  [...key.label.split("/").flatMap((part, place) => place ? ["/", make("wbr"), part] : [part]), `: ${text(run, key)}`];

const searched = runs.map(({ name, outcome, message, params }) =>
  [name, outcome, message, ...Object.values(params)].join("\n").toLowerCase());

// A word has no place among numbers: the field says so, and the runs are shown as without the filter.
const misfit = ({ key, value }) => BY_KEY.get(key).number && Number.isNaN(Number(value.trim()));

function meets(run, filter) {
  const { key, condition, value } = filter;
  const has = valueOf(run, BY_KEY.get(key)), wanted = value.trim();
  if (!wanted || misfit(filter)) return true;
  if (has === undefined) return false;
  if (condition === "~") return String(has).toLowerCase().includes(wanted.toLowerCase());
  if (condition === "=" && typeof has === "number") return has === Number(wanted);
  if (condition === "=") return has.toLowerCase() === wanted.toLowerCase();
  return condition === ">" ? has >= Number(wanted) : has <= Number(wanted);
}

function chosen({ words, sort, down, filters }) { // numbers of the runs, in order; what one lacks comes last either way
  const sought = words.toLowerCase().split(/\s+/).filter(Boolean);
  const key = BY_KEY.get(sort), way = down ? -1 : 1;
  const numbers = [...runs.keys()].filter((place) => sought.every((word) => searched[place].includes(word))
    && filters.every((filter) => meets(runs[place], filter)));
  const values = runs.map((run) => valueOf(run, key));
  return numbers.sort((one, other) => {
    const [a, b] = [values[one], values[other]];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one - other;
    return way * (key.number ? a - b : a.localeCompare(b, undefined, { numeric: true })) || one - other;
  });
}
