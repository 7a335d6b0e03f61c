"use strict";

// The charts of the section for exploring: SVG elements, drawn anew whenever a choice changes.
const FAR = 5; // times: from there on numbers go on a logarithmic scale
const SPREAD = 0.3; // of the room between two values, that the lines through one take
const SHADES = 5;

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const inOrder = (stops) => [...stops].sort((a, b) => a - b);
const line = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });
const path = (points) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

function words(x, y, text, anchor = "middle", kind = "") {
  return svg("text", { x, y, "text-anchor": anchor, class: kind }, text);
}

// Break a title into lines that are not much longer than there is room for.
function title(x, y, text, room, anchor = "middle") {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && longer.length * 7 > room) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  const spans = lines.map((part, index) => svg("tspan", { x, dy: index ? 14 : 0 }, part));
  const at = y - 14 * (lines.length - 1);
  return svg("text", { x, y: at, "text-anchor": anchor, class: "title" }, ...spans);
}

function short(value) {
  const size = Math.abs(value);
  if (value && (size >= 1e5 || size < 1e-3)) return value.toExponential(1).replace(/\.0|\+/g, "");
  return String(Number(value.toPrecision(3)));
}

// A scale from the least to the greatest of some numbers: logarithmic if they are far apart.
function scaleOf(values) {
  const found = values.filter(Number.isFinite);
  const low = found.length ? found.reduce((a, b) => Math.min(a, b)) : 0;
  const high = found.length ? found.reduce((a, b) => Math.max(a, b)) : 1;
  const isLog = low > 0 && high > FAR * low;
  const [to, from] = isLog ? [Math.log, Math.exp] : [Number, Number];
  const room = to(high) - to(low) || 1;
  return {
    at: (value) => (to(value) - to(low)) / room,
    value: (place) => from(to(low) + place * room),
    ticks: roundNumbers(low, high, isLog),
  };
}

function roundNumbers(low, high, isLog) {
  const found = [];
  if (isLog) {
    const decades = Math.log10(high / low);
    const steps = decades > 3 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 3, 5, 7];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      found.push(...steps.map((step) => Number(`${step}e${power}`)));
    }
    const inside = found.filter((value) => low <= value && value <= high);
    return inside.filter((_, index) => index % Math.ceil(inside.length / 8) === 0);
  }
  if (high === low) return [low];
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= rough);
  for (let k = Math.ceil(low / step); k * step <= high; k += 1) found.push(k * step);
  return found;
}

function chart(host, width, height, label, interactive = false) {
  const shape = { width, height, viewBox: `0 0 ${width} ${height}`, class: "chart" };
  const role = interactive ? "group" : "img";
  const element = svg("svg", { ...shape, role, "aria-label": label });
  host.replaceChildren(element);
  return element;
}

// A chart as a file of its own: with the looks that the page gives it, in plain colours.
const LOOKS = ["fill", "stroke", "fill-opacity", "stroke-opacity", "stroke-width",
  "stroke-dasharray", "stroke-linejoin", "paint-order", "font-family", "font-size", "font-weight"];
const paint = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

function plainColor(text) {
  paint.clearRect(0, 0, 1, 1);
  paint.fillStyle = text;
  paint.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = paint.getImageData(0, 0, 1, 1).data;
  return alpha ? `rgb(${red}, ${green}, ${blue})` : "none";
}

function chartFile(host) {
  const whole = host.querySelector("svg");
  const copy = whole.cloneNode(true);
  const parts = [whole, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  parts[0].forEach((element, place) => {
    const look = getComputedStyle(element);
    for (const name of LOOKS) {
      const isColor = ["fill", "stroke"].includes(name) && look[name] !== "none";
      const value = look.getPropertyValue(name);
      parts[1][place].setAttribute(name, isColor ? plainColor(value) : value);
    }
  });
  const fill = plainColor(getComputedStyle(document.documentElement).backgroundColor);
  copy.prepend(svg("rect", { width: "100%", height: "100%", fill }));
  return new XMLSerializer().serializeToString(copy);
}

// A chart as wide as its host, and the box that its axes enclose, by the margins around it.
function framed(host, height, label, { left, right, top }) {
  const width = Math.max(host.clientWidth, 280);
  const element = chart(host, width, height, label);
  return [element, { left, right: width - right, top, bottom: height - 44 }];
}

// The axes of a plane with two scales; returns where a point goes.
function plane(element, box, x, y, xTitle, yTitle) {
  const across = (value) => box.left + x.at(value) * (box.right - box.left);
  const up = (value) => box.bottom - y.at(value) * (box.bottom - box.top);
  for (const tick of y.ticks) {
    element.append(line(box.left, up(tick), box.right, up(tick), "grid"));
    element.append(words(box.left - 6, up(tick) + 4, short(tick), "end"));
  }
  let free = -Infinity;
  for (const tick of x.ticks) {
    element.append(line(across(tick), box.bottom, across(tick), box.bottom + 4, "axis"));
    const half = short(tick).length * 3.5 + 3;
    if (across(tick) - half < free) continue;
    element.append(words(across(tick), box.bottom + 17, short(tick)));
    free = across(tick) + half;
  }
  element.append(line(box.left, box.bottom, box.right, box.bottom, "axis"));
  element.append(words(box.right, box.bottom + 34, xTitle, "end", "title"));
  element.append(words(4, 14, yTitle, "start", "title"));
  return [across, up];
}

// All cells as lines through their axes. An axis has `count` stops, `allowed` ones (null: all) and
// a `text` of a range of stops; `brushed` is called with an axis and the first and last stop, or
// with none. A line has a stop of each axis but the last, and its `place` there from 0 to 1.
function drawParallel(host, label, axes, lines, brushed) {
  const [height, top, bottom] = [340, 44, 326];
  const fitting = (text, room) =>
    text.length * 7 > room ? `${text.slice(0, Math.floor(room / 7) - 1)}…` : text;
  const longest = Math.max(...axes[0].ticks.map(([, text]) => text.length));
  const left = Math.min(200, Math.max(72, 16 + 7 * longest));
  const width = Math.max(host.clientWidth, left + 104 * axes.length - 22);
  const element = chart(host, width, height, label, true);
  const gap = (width - left - 58) / Math.max(1, axes.length - 1);
  const across = (index) => left + index * gap;
  const margin = (axis) => (axis.isLast ? 0 : SPREAD / 2 / Math.max(1, axis.count - 1));
  const heightOf = (axis, stop) => {
    const share = axis.isLast ? stop / axis.count : stop / Math.max(1, axis.count - 1);
    return bottom - (margin(axis) + share * (1 - 2 * margin(axis))) * (bottom - top);
  };
  const course = (cell) =>
    axes.map((axis, index) => {
      if (axis.isLast) return [across(index), bottom - cell.place * (bottom - top)];
      const aside = 2 * margin(axis) * (cell.place - 0.5) * (bottom - top);
      return [across(index), heightOf(axis, cell.stops[index]) - aside];
    });
  const groups = new Map();
  for (const cell of lines) {
    const shade = Math.min(SHADES - 1, Math.floor(cell.place * SHADES));
    const kind = cell.mark || (cell.on ? `r${shade}` : "off");
    groups.set(kind, (groups.get(kind) ?? "") + path(course(cell)));
  }
  const order = ["off", "r4", "r3", "r2", "r1", "r0", "b", "a"];
  for (const kind of order) {
    if (groups.has(kind)) element.append(svg("path", { d: groups.get(kind), class: kind }));
  }
  const handles = axes.map((axis, index) => {
    const x = across(index);
    const group = svg("g", { tabindex: 0, role: "slider", "aria-orientation": "vertical" });
    const stops = inOrder(axis.allowed ?? []);
    const [first, last] = stops.length ? [stops[0], stops.at(-1)] : [0, axis.count - 1];
    group.setAttribute("aria-label", `${axis.title}: range`);
    group.setAttribute("aria-valuemin", 0);
    group.setAttribute("aria-valuemax", axis.count - 1);
    group.setAttribute("aria-valuenow", first);
    group.setAttribute("aria-valuetext", axis.allowed ? axis.text(first, last) : "all");
    const reach = axis.isLast ? 0 : (bottom - top) / Math.max(1, axis.count - 1) / 2;
    const rectangle = (from, to, kind, half) => {
      const high = Math.max(top - 6, heightOf(axis, axis.isLast ? to + 1 : to) - reach * 0.8);
      const low = Math.min(bottom + 6, heightOf(axis, from) + reach * 0.8);
      const shape = { x: x - half, width: 2 * half, y: high, height: low - high, class: kind };
      return svg("rect", shape);
    };
    group.append(line(x, top, x, bottom, "axis"));
    let start = null;
    for (const [place, stop] of stops.entries()) {
      start ??= stop;
      if (stops[place + 1] === stop + 1) continue;
      group.append(rectangle(start, stop, "brush", 6));
      start = null;
    }
    const [side, anchor] = axis.isLast ? [8, "start"] : [-9, "end"];
    for (const [place, text] of axis.ticks) {
      const y = axis.isLast ? bottom - place * (bottom - top) : heightOf(axis, place);
      group.append(words(x + side, y + 4, fitting(text, (index ? gap : left) - 16), anchor));
    }
    group.append(title(x, top - 14, axis.title, gap));
    const whole = { x: x - 20, y: top - 8, width: 40, height: bottom - top + 16 };
    const handle = svg("rect", { ...whole, class: "handle" });
    group.append(handle);
    const stopAt = (event) => {
      const y = event.clientY - element.getBoundingClientRect().top;
      const share = (bottom - y) / (bottom - top);
      const stop = axis.isLast ? Math.floor(share * axis.count) : Math.round(share * (axis.count - 1));
      return Math.min(axis.count - 1, Math.max(0, stop));
    };
    let from = null;
    let shown = null;
    handle.addEventListener("pointerdown", (event) => {
      from = stopAt(event);
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (from === null) return;
      shown?.remove();
      const to = stopAt(event);
      shown = rectangle(Math.min(from, to), Math.max(from, to), "brush", 6);
      group.insertBefore(shown, handle);
    });
    handle.addEventListener("pointercancel", () => {
      from = null;
      shown?.remove();
    });
    handle.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const to = stopAt(event);
      const again = from === to && stops.length === 1 && stops[0] === to;
      brushed(index, ...(again ? [] : [Math.min(from, to), Math.max(from, to)]));
    });
    group.addEventListener("keydown", (event) => {
      const up = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key] ?? 0;
      const end = { Home: 0, End: axis.count - 1 }[event.key];
      const inside = (stop) => Math.min(axis.count - 1, Math.max(0, stop));
      if (["Escape", "Delete", "Backspace"].includes(event.key)) brushed(index);
      else if (end !== undefined) brushed(index, end, end);
      else if (!up) return;
      else if (!axis.allowed) brushed(index, ...(up > 0 ? [0, 0] : [axis.count - 1, axis.count - 1]));
      else if (event.shiftKey) brushed(index, first, Math.max(first, inside(last + up)));
      else if (inside(first + up) === first + up && inside(last + up) === last + up) {
        brushed(index, first + up, last + up);
      }
      event.preventDefault();
      event.stopPropagation();
    });
    element.append(group);
    return group;
  });
  for (const cell of lines.filter((other) => other.mark)) {
    const [x, y] = course(cell).at(-1);
    element.append(words(x - 12, y + 4, cell.mark.toUpperCase(), "end", cell.mark));
  }
  return handles;
}

// Cells as dots: {x, y, on, mark, cell}. Returns the element of each.
function drawScatter(host, label, dots, xTitle, yTitle) {
  const [element, box] = framed(host, 340, label, { left: 52, right: 12, top: 30 });
  const shown = dots.filter((dot) => Number.isFinite(dot.x) && Number.isFinite(dot.y));
  const scales = [scaleOf(shown.map((dot) => dot.x)), scaleOf(shown.map((dot) => dot.y))];
  const [across, up] = plane(element, box, ...scales, xTitle, yTitle);
  const found = new Map();
  for (const dot of [...shown].sort((a, b) => a.on - b.on)) {
    const [cx, cy] = [across(dot.x), up(dot.y)].map((place) => place.toFixed(1));
    const circle = svg("circle", { cx, cy, r: dot.on ? 3.5 : 2.5, class: dot.on ? "on" : "off" });
    element.append(circle);
    found.set(circle, dot.cell);
  }
  for (const dot of shown.filter((other) => other.mark)) {
    const [cx, cy] = [across(dot.x), up(dot.y)];
    element.append(svg("circle", { cx, cy, r: 7, class: `ring ${dot.mark}` }));
    const [aside, anchor] = cx < box.right - 8 ? [10, "start"] : [-10, "end"];
    element.append(words(cx + aside, cy - 6, dot.mark.toUpperCase(), anchor, dot.mark));
  }
  return found;
}

// Paired differences as dots that are piled up, with their mean and interval below.
function drawDifferences(host, label, pairs, estimate, xTitle) {
  const [element, box] = framed(host, 230, label, { left: 16, right: 16, top: 26 });
  const ends = [estimate.low, estimate.high].filter(Number.isFinite);
  const x = scaleOf([0, ...pairs.map((pair) => pair.difference), ...ends]);
  const [across] = plane(element, box, x, { at: () => 0, ticks: [] }, xTitle, "");
  element.append(line(across(0), box.top - 12, across(0), box.bottom, "axis"));
  element.append(words(across(0), box.top - 14, "0"));
  const piles = new Map();
  for (const pair of pairs) {
    const column = Math.round(across(pair.difference) / 6);
    piles.set(column, [...(piles.get(column) ?? []), pair]);
  }
  const highest = Math.max(1, ...[...piles.values()].map((pile) => pile.length));
  const step = Math.min(7, (box.bottom - box.top - 36) / highest);
  const found = new Map();
  for (const pile of piles.values()) {
    pile.forEach((pair, place) => {
      const cy = box.bottom - 30 - place * step;
      const circle = svg("circle", { cx: across(pair.difference).toFixed(1), cy, r: 3 });
      element.append(circle);
      found.set(circle, pair);
    });
  }
  if (!pairs.length) return found;
  const y = box.bottom - 13;
  if (ends.length) element.append(line(across(ends[0]), y, across(ends[1]), y, "mean"));
  element.append(line(across(estimate.mean), y - 6, across(estimate.mean), y + 6, "mean"));
  return found;
}

// Median curves with bands: {mark, epochs, low, median, high}.
function drawCurves(host, label, curves) {
  const [element, box] = framed(host, 230, label, { left: 52, right: 24, top: 30 });
  const y = scaleOf(curves.flatMap((curve) => [...curve.low, ...curve.high]));
  const x = scaleOf([0, ...curves.map((curve) => curve.epochs.at(-1))]);
  const [across, up] = plane(element, box, x, y, "epoch", "test MSE");
  for (const curve of curves) {
    const points = (values) => values.map((value, k) => [across(curve.epochs[k]), up(value)]);
    const around = [...points(curve.low), ...points(curve.high).reverse()];
    element.append(svg("path", { d: `${path(around)}Z`, class: `band ${curve.mark}` }));
  }
  for (const curve of curves) {
    const points = curve.median.map((value, k) => [across(curve.epochs[k]), up(value)]);
    element.append(svg("path", { d: path(points), class: curve.mark }));
    const [endX, endY] = points.at(-1);
    const aside = curve.mark === "a" ? 0 : 9;
    element.append(words(endX + 4 + aside, endY + 4, curve.mark.toUpperCase(), "start", curve.mark));
  }
}
