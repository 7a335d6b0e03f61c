// What the page holds of each cell and model, and what follows from it.
const data = JSON.parse(document.getElementById("explore-data").textContent);
const MOST_BOXES = 12; // values with a box each; a range is chosen from more

function unpack(text, Kind) {
  return new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

const quantities = data.quantities.map((quantity) => ({
  ...quantity,
  means: unpack(quantity.means, Float32Array),
  models: quantity.models && unpack(quantity.models, Float32Array),
}));
const axes = data.axes.map((axis, index) => ({ ...axis, stop: (cell) => cell.places[index] }));
if (data.studies.length > 1) {
  const titles = data.studies.map((study) => study.title);
  const studies = { name: "study", title: "study", shown: titles, phrases: titles };
  axes.unshift({ ...studies, stop: (cell) => data.studies.indexOf(cell.study) });
}
const cells = [];
let start = 0;
for (const study of data.studies) {
  for (let count = 0; count < study.cells; count += 1) {
    const cell = { index: cells.length, places: data.cells[cells.length], study, start };
    cell.label = axes.map((axis) => axis.phrases[axis.stop(cell)]).join(", ");
    start += study.splits.length * study.seeds.length;
    cells.push(cell);
  }
}
for (const axis of axes) {
  axis.count = axis.shown.length;
  axis.hasBoxes = axis.count <= MOST_BOXES;
  const step = Math.ceil(axis.count / MOST_BOXES);
  axis.ticks = [...axis.shown.entries()].filter(([place]) => place % step === 0);
  axis.text = (first, last) =>
    first === last ? axis.shown[first] : `${axis.shown[first]} to ${axis.shown[last]}`;
}

if (data.curves) {
  data.curves.levels = unpack(data.curves.levels, Uint8Array);
  let place = 0;
  data.curves.starts = data.curves.cells.map((cell) => {
    const here = place;
    place += cell ? 3 * data.curves.epochs[cell[0]].length : 0;
    return here;
  });
}

function curveOf(cell, mark) {
  const found = data.curves?.cells[cell.index];
  if (!found) return null;
  const epochs = data.curves.epochs[found[0]];
  const { levels, low, high } = data.curves;
  const place = data.curves.starts[cell.index];
  const [first, median, last] = [0, 1, 2].map((k) =>
    [...levels.subarray(place + k * epochs.length, place + (k + 1) * epochs.length)].map((level) =>
      Math.exp(low + (level / 255) * (high - low)),
    ),
  );
  return { mark, epochs, low: first, median, high: last, models: found[1], lost: found[2] };
}

function number(value, quantity, more = 0) {
  if (!Number.isFinite(value)) return "";
  const decimals = Math.min(quantity.decimals + more, 8);
  if (Math.abs(value) >= 1e6) return value.toExponential(Math.max(decimals, 2)).replace("+", "");
  const text = value.toFixed(decimals);
  return value && !Number(text) ? value.toExponential(1) : text;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const squares = (values) => values.reduce((sum, value) => sum + value * value, 0);
const deviation = (values) => {
  const middle = mean(values);
  return Math.sqrt(squares(values.map((value) => value - middle)) / (values.length - 1));
};

// The t quantile of a 95 % interval: it is about linear in one over the degrees of freedom.
function quantileOfT(freedom) {
  const next = data.t.findIndex(([df]) => df >= freedom - 1e-9);
  if (next < 0) return data.t.at(-1)[1];
  const [[a, low], [b, high]] = [data.t[Math.max(0, next - 1)], data.t[next]];
  const share = a === b ? 1 : (1 / a - 1 / freedom) / (1 / a - 1 / b);
  return low + share * (high - low);
}

function modelsOf(quantity, cell) {
  const { splits, seeds } = cell.study;
  return quantity.models.subarray(cell.start, cell.start + splits.length * seeds.length);
}

// The differences of two cells on the splits and seeds that they share, and their mean.
function differenceOf(quantity, a, b) {
  const [first, second] = [modelsOf(quantity, a), modelsOf(quantity, b)];
  const value = (models, study, split, seed) =>
    models[study.splits.indexOf(split) * study.seeds.length + study.seeds.indexOf(seed)];
  const splits = a.study.splits.filter((split) => b.study.splits.includes(split));
  const seeds = a.study.seeds.filter((seed) => b.study.seeds.includes(seed));
  const pairs = [];
  for (const split of splits) {
    for (const seed of seeds) {
      const [x, y] = [value(first, a.study, split, seed), value(second, b.study, split, seed)];
      if (Number.isFinite(x - y)) pairs.push({ split, seed, x, y, difference: x - y });
    }
  }
  const differences = pairs.map((pair) => pair.difference);
  const found = { pairs, several: splits.length > 1, mean: mean(differences), low: NaN, high: NaN };
  if (pairs.length < data.enough) return found;
  const whole = seeds.filter((s) => pairs.filter((p) => p.seed === s).length === splits.length);
  const crossed = splits.length > 1 && whole.length > 1;
  if (splits.length > 1 && seeds.length > 1 && !crossed) return found;
  if (crossed) found.pairs = pairs.filter((pair) => whole.includes(pair.seed));
  const [middle, error, freedom] = crossed
    ? crossedError(found.pairs, splits, whole)
    : [found.mean, deviation(differences) / Math.sqrt(pairs.length), pairs.length - 1];
  const half = quantileOfT(freedom) * error;
  return { ...found, mean: middle, low: middle - half, high: middle + half };
}

// Splits and seeds are random and crossed, as in `splits.crossed_error` (docs/method.md).
function crossedError(pairs, splits, seeds) {
  const [J, S] = [splits.length, seeds.length];
  const all = pairs.map((pair) => pair.difference);
  const middle = mean(all);
  const part = (key, value) =>
    mean(pairs.filter((p) => p[key] === value).map((p) => p.difference)) - middle;
  const bySplit = new Map(splits.map((split) => [split, part("split", split)]));
  const bySeed = new Map(seeds.map((seed) => [seed, part("seed", seed)]));
  const left = pairs.map((p) => p.difference - middle - bySplit.get(p.split) - bySeed.get(p.seed));
  const freedoms = [J - 1, S - 1, (J - 1) * (S - 1)];
  const split = (S * squares([...bySplit.values()])) / freedoms[0];
  const seed = (J * squares([...bySeed.values()])) / freedoms[1];
  const rest = squares(left) / freedoms[2];
  const used = [split > rest, seed > rest, split > rest === seed > rest];
  const spread = [split, seed, rest].reduce(
    (sum, square, k) => sum + (used[k] ? square ** 2 / freedoms[k] : 0),
    0,
  );
  const total = Math.max(split - rest, 0) + Math.max(seed - rest, 0) + rest;
  return [middle, Math.sqrt(total / (J * S)), spread > 0 ? total ** 2 / spread : freedoms[2]];
}
