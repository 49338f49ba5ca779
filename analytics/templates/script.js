"use strict";
// Sorts and filters the table of jobs, and opens what is folded for print. The page reads the same without it.
(() => {
  const table = document.getElementById("jobs");
  const form = document.getElementById("filter");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const controls = form.elements;
  const status = form.querySelector("output");
  const collator = new Intl.Collator("en", { numeric: true });
  const gravity = "nuca";

  const filter = () => {
    const words = controls.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = new Set(Array.from(controls.verdict).filter((box) => box.checked).map((box) => box.value));
    const control = Number(controls.control.value);
    let shown = 0;
    for (const row of rows) {
      let hit = wanted.has(row.dataset.v[control]);
      if (hit && words.length) {
        row.text ??= row.textContent.toLowerCase();
        hit = words.every((word) => row.text.includes(word));
      }
      row.hidden = !hit;
      shown += hit;
    }
    status.value = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows shown`;
  };

  const sortBy = (column, direction) => {
    const key = column === 0 ? (row) => gravity.indexOf(row.dataset.v[0]) : (row) => row.cells[column].textContent;
    const compare = column === 0 ? (a, b) => a.key - b.key : (a, b) => collator.compare(a.key, b.key);
    const keyed = rows.map((row) => ({ row, key: key(row) }));
    keyed.sort((a, b) => direction * compare(a, b));
    body.append(...keyed.map(({ row }) => row));
  };

  const heads = Array.from(table.tHead.rows[0].cells);
  heads.slice(0, 4).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const descends = head.ariaSort === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.ariaSort = descends ? "descending" : "ascending";
      sortBy(column, descends ? -1 : 1);
    });
  });

  let waiting;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  controls.all.addEventListener("click", () => {
    const opens = controls.all.ariaPressed !== "true";
    controls.all.ariaPressed = String(opens);
    body.querySelectorAll("details").forEach((details) => (details.open = opens));
  });

  // A link to a timeline opens it.
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", open);
  open();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open], .same)"));
    closed.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));

  form.hidden = false;
  filter();
})();
