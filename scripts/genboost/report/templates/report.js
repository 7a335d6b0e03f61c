"use strict";

// The seeds of a cell, when it is pointed at or has the focus.
const tip = document.getElementById("tip");
let told = null;

function placeTip() {
  if (!told) return;
  const at = told.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - tip.offsetWidth - 4);
  const above = at.top - tip.offsetHeight - 8;
  const fits = at.bottom + 8 + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${fits ? at.bottom + 8 : Math.max(4, above)}px`;
}

function tell(cell) {
  told = cell;
  tip.textContent = cell.dataset.details;
  tip.hidden = false;
  cell.setAttribute("aria-describedby", "tip");
  placeTip();
}

function stopTelling() {
  told = null;
  tip.hidden = true;
}

addEventListener("scroll", placeTip, { passive: true });
addEventListener("keydown", (event) => {
  if (event.key === "Escape") stopTelling();
});

// A table of cells is one stop of the tab key; the arrow keys go from cell to cell.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

for (const table of document.querySelectorAll(".heat")) {
  const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("td")]);
  rows.flat().forEach((cell, index) => {
    cell.tabIndex = index ? -1 : 0;
  });
  table.setAttribute("role", "grid");
  table.addEventListener("mouseover", (event) => {
    const cell = event.target.closest("td[data-details]");
    if (cell) tell(cell);
  });
  table.addEventListener("mouseleave", stopTelling);
  table.addEventListener("focusout", stopTelling);
  table.addEventListener("focusin", (event) => {
    rows.flat().forEach((cell) => {
      cell.tabIndex = cell === event.target ? 0 : -1;
    });
    tell(event.target);
  });
  table.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    const row = rows.findIndex((cells) => cells.includes(event.target));
    const next = rows[row + step[0]]?.[rows[row].indexOf(event.target) + step[1]];
    event.preventDefault();
    next?.focus();
  });
}

// Sorting: numbers by size, and before text in either order; what is equal stays as it was.
function compare(a, b, sign) {
  const [x, y] = [Number.parseFloat(a), Number.parseFloat(b)];
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return sign * (Number.isNaN(x) ? a.localeCompare(b) : x - y);
}

for (const table of document.querySelectorAll(".sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      const sign = order === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      const text = (row) => row.cells[column].textContent.trim();
      body.append(...[...body.rows].sort((a, b) => compare(text(a), text(b), sign)));
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      document.getElementById("status").textContent = `Sorted by ${head.textContent}, ${order}`;
    });
  });
}

// Every table and figure as a file, made when it is asked for.
const PLAIN = { currentColor: "#1c2024", "var(--paper)": "#ffffff" }; // as in the figure's own file

function texts(table) {
  const text = (cell) => {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll(".star, svg").forEach((part) => part.remove());
    copy.querySelectorAll("br").forEach((part) => part.replaceWith(" "));
    return copy.textContent;
  };
  const rows = [...table.rows].map((row) => [...row.cells].map(text));
  const rest = document.getElementById(`${table.id}-rest`); // that the page does not show
  return rest ? rows.concat(JSON.parse(rest.textContent)) : rows;
}

function csv(rows) {
  const written = (value) => {
    const plain = value.trim().replace(/\s+/g, " ").replace(/−(?=\d)/g, "-");
    return /[",]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  return rows.map((row) => `${row.map(written).join(",")}\r\n`).join("");
}

function drawing([first, ...parts]) {
  const whole = first.cloneNode(true);
  const { width, height } = first.viewBox.baseVal;
  const below = parts.reduce((sum, part) => sum + part.viewBox.baseVal.height, 0);
  whole.setAttribute("viewBox", `0 0 ${width} ${height + below}`);
  const text = new XMLSerializer().serializeToString(whole);
  return Object.entries(PLAIN).reduce((made, [old, color]) => made.replaceAll(old, color), text);
}

function offer(box, title, name, type, content) {
  const button = document.createElement("button");
  const ending = name.split(".").pop().toUpperCase();
  Object.assign(button, { type: "button", className: "save", textContent: ending });
  button.setAttribute("aria-label", `${ending} of ${title}`);
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content()], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
    document.getElementById("status").textContent = `Saved ${name}`;
  });
  box.after(button);
}

for (const table of document.querySelectorAll("main table[id^='table-']")) {
  const box = table.closest(".scroll") ?? table;
  const name = `${table.id.replace("table-", "")}.csv`;
  offer(box, table.caption.textContent, name, "text/csv", () => csv(texts(table)));
}
for (const figure of document.querySelectorAll("figure[id^='figure-']")) {
  const box = figure.querySelector(".scroll");
  const parts = box?.querySelectorAll("svg");
  const name = `${figure.id.replace("figure-", "")}.svg`;
  if (parts?.length) offer(box, box.ariaLabel, name, "image/svg+xml", () => drawing(parts));
}
