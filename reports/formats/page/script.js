"use strict";

// Tables: a heading sorts by its column; numbers by what they are, words by the alphabet, what is missing always last.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const way = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      const key = (row) => {
        const cell = row.cells[column];
        const number = Number.parseFloat(cell.dataset.sort);
        const text = cell.textContent.trim();
        return { number: cell.dataset.sort === "" ? null : number, text, missing: text === "" || text === "–" || text === "not measured" };
      };
      const rows = [...body.rows].map((row) => ({ row, key: key(row) }));
      rows.sort((a, b) => {
        if (a.key.missing !== b.key.missing) return a.key.missing ? 1 : -1;
        if (a.key.number !== null && b.key.number !== null) {
          return a.key.number === b.key.number ? 0 : way * (a.key.number < b.key.number ? -1 : 1);
        }
        return way * a.key.text.localeCompare(b.key.text, undefined, { numeric: true });
      });
      body.append(...rows.map(({ row }) => row));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    });
  });
}

// Sliders: the upper image is uncovered up to the handle.
for (const figure of document.querySelectorAll(".compare")) {
  const slider = figure.querySelector("input");
  const over = figure.querySelector(".over");
  const show = () => over.style.setProperty("--covered", `${slider.value}%`);
  slider.addEventListener("input", show);
  show();
}

// On paper nothing can be opened.
const opened = [];
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("figure details:not([open])")) {
    details.open = true;
    opened.push(details);
  }
});
addEventListener("afterprint", () => {
  for (const details of opened.splice(0)) details.open = false;
});
