// Exploring: cells are narrowed down, looked at by any quantity, and compared in pairs. All choices
// are in the address.
const BINS = 20; // of the quantity, to choose a range from
const ROWS = 10; // of the table, and as many more each time that more are wanted

const by = (name) => document.getElementById(`explore-${name}`);

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// What is chosen. `allowed` holds the stops of each axis that has any, the quantity's bins last.
const ends = [...axes, { name: "within", isLast: true, count: BINS }];
const within = ends.at(-1);
const state = {
  quantity: quantities[0],
  against: quantities[1] ?? quantities[0],
  allowed: new Map(),
};
let rows = ROWS;

// Narrowing down.
function prepareQuantity() {
  const scale = scaleOf([...state.quantity.means]);
  const share = (cell) => scale.at(state.quantity.means[cell.index]);
  within.title = state.quantity.title;
  within.place = share;
  within.stop = (cell) => Math.min(BINS - 1, Math.floor(share(cell) * BINS));
  within.ticks = scale.ticks.map((value) => [scale.at(value), short(value)]);
  within.text = (first, last) =>
    `${short(scale.value(first / BINS))} to ${short(scale.value((last + 1) / BINS))}`;
}

const isOn = (cell) =>
  [...state.allowed].every(([axis, stops]) => stops.has(axis.stop(cell)));

function allow(axis, stops) {
  if (!stops.length || stops.length === axis.count) state.allowed.delete(axis);
  else state.allowed.set(axis, new Set(stops));
  rows = ROWS;
}

const range = (first, last) => Array.from({ length: last - first + 1 }, (_, k) => first + k);

const ranked = (some) => {
  const sign = state.quantity.better === "higher" ? -1 : 1;
  const size = (cell) => {
    const value = sign * state.quantity.means[cell.index];
    return Number.isFinite(value) ? value : Infinity;
  };
  return [...some].sort((a, b) => size(a) - size(b) || a.index - b.index);
};

// The address.
function read() {
  const address = new URLSearchParams(location.search);
  const named = (key) => quantities.find((quantity) => quantity.name === address.get(key));
  state.quantity = named("quantity") ?? state.quantity;
  state.against = named("against") ?? state.against;
  prepareQuantity();
  for (const axis of ends) {
    const place = (text) => (axis.isLast ? Number(text) : axis.shown.indexOf(text));
    const stops = address.getAll(axis.name).flatMap((text) => {
      const [first, last] = text.split("..").map(place);
      return last === undefined ? [first] : range(first, Math.max(first, last));
    });
    allow(axis, stops.filter((stop) => stop >= 0 && stop < axis.count));
  }
  const best = ranked(cells);
  for (const [key, place] of [["a", 0], ["b", 1]]) {
    state[key] = cells.find((cell) => cell.label === address.get(key)) ?? best[place] ?? best[0];
  }
}

function write() {
  const address = new URLSearchParams({
    quantity: state.quantity.name,
    against: state.against.name,
    a: state.a.label,
    b: state.b.label,
  });
  for (const [axis, stops] of state.allowed) {
    const text = (stop) => (axis.isLast ? stop : axis.shown[stop]);
    const sorted = inOrder(stops);
    const isRange = (axis.isLast || !axis.hasBoxes) && sorted.length > 1;
    const texts = isRange ? [`${text(sorted[0])}..${text(sorted.at(-1))}`] : sorted.map(text);
    texts.forEach((value) => address.append(axis.name, value));
  }
  try {
    history.replaceState(null, "", `?${address}#explore`);
  } catch {
    // Where the page has no address of its own, as within another page, nothing is kept.
  }
}

// What is seen.
function fillChoices() {
  for (const key of ["quantity", "against"]) {
    const option = ({ name, title }) => make("option", { value: name }, title);
    by(key).append(...quantities.map(option));
    by(key).value = state[key].name;
    by(key).addEventListener("change", () => {
      state[key] = quantities.find((quantity) => quantity.name === by(key).value);
      if (key === "quantity") state.allowed.delete(within);
      changed();
    });
  }
  by("filters").append(...axes.map((axis) => (axis.hasBoxes ? boxesOf(axis) : rangeOf(axis))));
  by("clear").addEventListener("click", () => {
    state.allowed.clear();
    rows = ROWS;
    changed();
  });
  by("more").addEventListener("click", () => {
    rows += ROWS;
    showTable();
  });
}

function boxesOf(axis) {
  const boxes = axis.shown.map((text) => make("input", { type: "checkbox", "data-value": text }));
  axis.refresh = () => {
    boxes.forEach((box, stop) => {
      box.checked = state.allowed.get(axis)?.has(stop) ?? false;
    });
  };
  const labels = boxes.map((box, stop) => make("label", {}, box, axis.shown[stop]));
  const set = make("fieldset", {}, make("legend", {}, axis.title), ...labels);
  set.addEventListener("change", () => {
    allow(axis, range(0, axis.count - 1).filter((stop) => boxes[stop].checked));
    changed();
  });
  return set;
}

function rangeOf(axis) {
  const sliders = ["from", "to"].map((name) => {
    const limits = { min: 0, max: axis.count - 1, step: 1 };
    return make("input", { type: "range", "aria-label": `${axis.title}, ${name}`, ...limits });
  });
  const text = make("span");
  axis.refresh = () => {
    const stops = inOrder(state.allowed.get(axis) ?? range(0, axis.count - 1));
    [stops[0], stops.at(-1)].forEach((stop, k) => {
      sliders[k].value = stop;
      sliders[k].setAttribute("aria-valuetext", axis.shown[stop]);
    });
    text.textContent = axis.text(stops[0], stops.at(-1));
  };
  const set = make("fieldset", {}, make("legend", {}, axis.title), ...sliders, text);
  set.addEventListener("input", (event) => {
    const [from, to] = sliders.map((slider) => Number(slider.value));
    const isTo = event.target === sliders[1];
    allow(axis, isTo ? range(Math.min(from, to), to) : range(from, Math.max(from, to)));
    changed();
  });
  return set;
}

const valueText = (cell, quantity) => number(quantity.means[cell.index], quantity) || "diverged";
const marks = (cell) => (cell === state.a ? "a" : cell === state.b ? "b" : "");

function showCharts() {
  const on = cells.filter(isOn);
  const narrowed = [...state.allowed].map(([axis, stops]) => {
    const sorted = inOrder(stops);
    const isRange = axis.isLast || !axis.hasBoxes;
    const values = isRange ? [axis.text(sorted[0], sorted.at(-1))] : sorted.map((s) => axis.shown[s]);
    return `${axis.title} ${values.join(" or ")}`;
  });
  by("count").textContent = [`${on.length} of ${cells.length} cells`, ...narrowed].join("; ");
  by("clear").hidden = !state.allowed.size;

  const before = [...by("parallel").querySelectorAll("[role=slider]")].indexOf(document.activeElement);
  const chosen = new Set(on);
  const lines = cells
    .filter((cell) => Number.isFinite(state.quantity.means[cell.index]))
    .map((cell) => ({
      stops: axes.map((axis) => axis.stop(cell)),
      place: within.place(cell),
      on: chosen.has(cell),
      mark: marks(cell),
    }));
  const said = `${on.length} of ${cells.length} cells stand out`;
  const shown = ends.map((axis) => ({ ...axis, allowed: state.allowed.get(axis) ?? null }));
  const brushed = (index, ...stops) => {
    allow(ends[index], stops.length ? range(...stops) : []);
    changed();
  };
  const handles = drawParallel(by("parallel"), `Cells as lines: ${said}`, shown, lines, brushed);
  handles[before]?.focus();

  const dots = cells.map((cell) => ({
    x: state.against.means[cell.index],
    y: state.quantity.means[cell.index],
    on: chosen.has(cell),
    mark: marks(cell),
    cell,
  }));
  const label = `${state.quantity.title} against ${state.against.title}: ${said}`;
  const found = drawScatter(by("scatter"), label, dots, state.against.title, state.quantity.title);
  by("scatter").onclick = (event) => {
    const cell = found.get(event.target);
    if (cell) choose(event.shiftKey ? "b" : "a", cell);
  };
  tellOf(by("scatter"), found, (cell) =>
    [...new Set([state.quantity, state.against])].reduce(
      (text, quantity) => `${text}\n${quantity.title}: ${valueText(cell, quantity)}`,
      cell.label,
    ),
  );
}

// What is pointed at is told as in the tables.
function tellOf(host, found, text) {
  host.onmouseover = (event) => {
    if (!found.has(event.target)) return stopTelling();
    event.target.dataset.details = text(found.get(event.target));
    return tell(event.target);
  };
  host.onmouseleave = () => stopTelling();
}

function tableOf(name, caption, heads, lines) {
  const head = heads.map(([text, isNumber]) =>
    make("th", { scope: "col", class: isNumber ? "number" : "text" }, text),
  );
  const body = lines.map((line) =>
    make("tr", {}, ...line.map((part, k) => make("td", { class: head[k].className }, part))),
  );
  const title = make("caption", {}, caption);
  const table = make("table", { class: "plain", id: `explored-${name}` }, title);
  table.append(make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
  by(name).replaceChildren(table);
}

// The cells in order: the heads of their columns, and what is in them.
function tableOfCells() {
  const shown = [...new Set([state.quantity, state.against])];
  const heads = [...shown, ...axes].map(({ title }, k) => [title, k < shown.length]);
  const textsOf = (cell) => [
    ...shown.map((quantity) => valueText(cell, quantity)),
    ...axes.map((axis) => axis.shown[axis.stop(cell)]),
  ];
  return { heads, on: ranked(cells.filter(isOn)), textsOf };
}

function showTable() {
  const { heads, on, textsOf } = tableOfCells();
  const radio = (key, cell) => {
    const box = make("input", { type: "radio", name: `explore-${key}`, value: cell.index });
    box.setAttribute("aria-label", `${key.toUpperCase()}: ${cell.label}`);
    box.checked = state[key] === cell;
    box.addEventListener("change", () => choose(key, cell));
    return box;
  };
  const order = state.quantity.better === "higher" ? "highest" : "lowest";
  const lines = on
    .slice(0, rows)
    .map((cell) => [radio("a", cell), radio("b", cell), ...textsOf(cell)]);
  const caption = `Cells by ${state.quantity.title}, ${order} first`;
  tableOf("cells", caption, [["A"], ["B"], ...heads], lines);
  by("more").hidden = on.length <= rows;
}

function showPair() {
  const { a, b, quantity } = state;
  by("a").textContent = a.label;
  by("b").textContent = b.label;
  const found = quantity.models && differenceOf(quantity, a, b);
  by("verdict").textContent = verdict(found);
  const told = drawDifferences(
    by("differences"),
    `Differences in ${quantity.title}: ${by("verdict").textContent}`,
    found ? found.pairs : [],
    found ?? {},
    `A − B, ${quantity.title}`,
  );
  tellOf(by("differences"), told, (pair) =>
    [
      found.several ? `split ${pair.split}, seed ${pair.seed}` : `seed ${pair.seed}`,
      `A: ${number(pair.x, quantity)}`,
      `B: ${number(pair.y, quantity)}`,
      `A − B: ${number(pair.difference, quantity, 1)}`,
    ].join("\n"),
  );
  showCurves();
  const lines = quantities.map((each) => {
    const apart = each.models && differenceOf(each, a, b);
    const few = !apart?.pairs.length;
    return [
      each.title,
      ...[a, b].map((cell) => spread(each, cell)),
      few ? "" : number(apart.mean, each, 1),
      few || !Number.isFinite(apart.low) ? "" : intervalText(apart, each),
      few ? "" : String(apart.pairs.length),
    ];
  });
  const measured = ["A", "B", "A − B", "95 % interval", "models"].map((text) => [text, true]);
  const heads = [["quantity"], ...measured];
  tableOf("numbers", "A and B in numbers: mean ± standard deviation", heads, lines);
}

const intervalText = (found, quantity) =>
  `${number(found.low, quantity, 1)} to ${number(found.high, quantity, 1)}`;

function spread(quantity, cell) {
  if (!quantity.models) return valueText(cell, quantity);
  const finished = [...modelsOf(quantity, cell)].filter(Number.isFinite);
  if (!finished.length) return "diverged";
  const around = finished.length > 1 ? ` ± ${number(deviation(finished), quantity)}` : "";
  const all = cell.study.splits.length * cell.study.seeds.length;
  const lost = all - finished.length;
  return `${number(mean(finished), quantity)}${around}${lost ? ` (${lost} of ${all} diverged)` : ""}`;
}

function verdict(found) {
  const { a, b, quantity } = state;
  if (a === b) return "A and B are the same cell.";
  if (!found) return `This page has only the means of ${quantity.title}.`;
  const { pairs, low, high } = found;
  if (!pairs.length) return "A and B have no seed in common with models that finished.";
  const seeds = new Set(pairs.map((pair) => pair.seed)).size;
  const splits = new Set(pairs.map((pair) => pair.split)).size;
  const over = `${found.several ? `${splits} splits × ` : ""}${seeds} seed${seeds > 1 ? "s" : ""}`;
  const middle = `A − B in ${quantity.title}: ${number(found.mean, quantity, 1) || "0"}`;
  if (!Number.isFinite(low)) return `${middle}, over ${over}: too few for an interval.`;
  const open = low === high ? "They are equal." : "Which is lower stays open.";
  const side = low > 0 ? "A is higher." : high < 0 ? "A is lower." : open;
  return `${middle} (95 % interval ${intervalText(found, quantity)}), over ${over}. ${side}`;
}

function showCurves() {
  const found = [curveOf(state.a, "a"), curveOf(state.b, "b")].filter(Boolean);
  by("curves").closest("figure").hidden = !data.curves;
  if (!data.curves) return;
  drawCurves(by("curves"), "Test MSE of A and B over epochs", found);
  const lost = found
    .filter((curve) => curve.lost)
    .map(({ mark, lost, models }) => `Of ${mark.toUpperCase()}, ${lost} of ${models} models ended early.`);
  const text = "Median test MSE over epochs, and what holds 80 % of the models.";
  by("curves-text").textContent = [text, ...lost].join(" ");
}

function choose(key, cell) {
  state[key] = cell;
  for (const box of by("cells").querySelectorAll(`[name=explore-${key}]`)) {
    box.checked = Number(box.value) === cell.index;
  }
  showCharts();
  showPair();
  write();
}

function show() {
  prepareQuantity();
  for (const axis of axes) axis.refresh();
  showCharts();
  showTable();
  showPair();
}

function changed() {
  show();
  write();
}

// What is shown as a file; of the cells, all that are chosen.
function offerFiles() {
  const table = (name, content) =>
    offer(by(name), by(name).ariaLabel, `explored-${name}.csv`, "text/csv", () => csv(content()));
  table("cells", () => {
    const { heads, on, textsOf } = tableOfCells();
    return [heads.map(([text]) => text), ...on.map(textsOf)];
  });
  table("numbers", () => texts(by("numbers").querySelector("table")));
  for (const name of ["parallel", "scatter", "differences", "curves"]) {
    const host = by(name);
    offer(host, host.ariaLabel, `explored-${name}.svg`, "image/svg+xml", () => chartFile(host));
  }
}

const onlyMeans = quantities.filter((quantity) => !quantity.models).map(({ title }) => title);
const leftOut = [
  ...(data.curves ? [] : ["learning curves"]),
  ...(onlyMeans.length ? [`single models of ${onlyMeans.join(", ")} (cells.csv has them)`] : []),
];
by("left-out").textContent = `To stay small, this page leaves out ${leftOut.join(" and ")}.`;
by("left-out").hidden = !leftOut.length;
document.getElementById("explorer").hidden = false;
read();
fillChoices();
offerFiles();
show();
let lastWidth = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === lastWidth) return;
  lastWidth = innerWidth;
  show();
});
