// usage: node check.mjs [--screenshots FOLDER] REPORT.html...    opens each report in Chromium as a person would
//
// Asserts for each report, in both colour schemes: no error on the console, nothing asked of a network, opened in time,
// small enough, no violation that axe-core finds, and that sorting and filtering work with the keyboard alone; that the
// page reads without its script, and prints. CHROMIUM names the browser (/usr/bin/chromium); the packages come from the
// folder in NODE_ENV_FOLDER (scripts/node-env tests/browser prints it), or from beside this file.

import { strict as assert } from "node:assert";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const from = process.env.NODE_ENV_FOLDER ? join(resolve(process.env.NODE_ENV_FOLDER), "package.json") : import.meta.url;
const require = createRequire(from);
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

/// At 10,000 jobs.
const MAX_BYTES = 10_000_000;
/// Of the page's own work, so that a machine that is busy with something else does not fail the check.
const MAX_OPENING_SECONDS = Number(process.env.OPENING_SECONDS ?? 2);

/// Of all reports together.
const MAX_MINUTES = 30;

const args = process.argv.slice(2);
const pictures = args[0] === "--screenshots" ? args.splice(0, 2)[1] : undefined;
assert(args.length > 0, "usage: node check.mjs [--screenshots FOLDER] REPORT.html...");
if (pictures) mkdirSync(pictures, { recursive: true });

// A page that never answers fails the check instead of stopping it.
const watchdog = setTimeout(() => {
  console.error(`no end after ${MAX_MINUTES} minutes`);
  process.exit(1);
}, MAX_MINUTES * 60_000);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"],
});
try {
  for (const report of args) {
    for (const colorScheme of ["light", "dark"]) await check(report, colorScheme);
    await checkWithoutScript(report);
  }
} finally {
  clearTimeout(watchdog);
  await browser.close();
}

/** Opens a report; `done` fails when the page complained, or asked for anything but itself. */
async function open(report, options) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, offline: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const complaints = [];
  const url = pathToFileURL(resolve(report)).href;
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => request.url().split("#")[0] !== url && complaints.push(`asked for ${request.url()}`));
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const started = performance.now();
  await page.goto(url, { waitUntil: "load" });
  // Painted: a page whose script is switched off has no frames to ask for.
  if (options.javaScriptEnabled !== false) {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  const wall = (performance.now() - started) / 1000;
  const { metrics } = await devtools.send("Performance.getMetrics");
  const work = metrics.find((metric) => metric.name === "TaskDuration").value;
  const done = async () => {
    assert.deepEqual(complaints, [], `${report}: the page complained`);
    await context.close();
  };
  return { page, wall, work, done };
}

async function check(report, colorScheme) {
  const bytes = statSync(report).size;
  assert(bytes < MAX_BYTES, `${report}: ${bytes} bytes`);
  const { page, wall, work, done } = await open(report, { colorScheme });
  assert(work < MAX_OPENING_SECONDS, `${report}: opening it took ${work.toFixed(2)} s of work`);
  const rows = await page.locator("#jobs tbody tr").count();
  await checkScheme(page, colorScheme);
  await checkLandmarks(page);
  if (pictures) await screenshots(page, report, colorScheme);
  if (rows > 0) {
    await checkFilter(page, rows);
    await checkSort(page);
    await checkTimelineLinks(page);
  }
  const violations = await checkAccessibility(page);
  await done();
  const opened = `opened in ${wall.toFixed(2)} s, ${work.toFixed(2)} s of them work`;
  console.log(`${report} (${colorScheme}): ${bytes} bytes, ${rows} jobs, ${opened}; ${violations} violations`);
}

async function checkScheme(page, colorScheme) {
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [red] = background.match(/\d+/g).map(Number);
  assert.equal(red < 128, colorScheme === "dark", `background ${background}`);
}

async function checkLandmarks(page) {
  const landmarks = await page.$$eval("body > header, header nav, body > main, body > footer, h1", (all) => all.map((element) => element.localName));
  assert.deepEqual(landmarks, ["header", "h1", "nav", "main", "footer"], "each landmark once, in the order of reading");
  const untold = await page.$$eval("svg[role=img]", (pictures) =>
    pictures.filter((picture) => !picture.querySelector(":scope > title")?.textContent || !picture.querySelector(":scope > desc")?.textContent).length);
  assert.equal(untold, 0, "pictures without title or description");
}

function shown(page) {
  return page.locator("#jobs tbody tr:not([hidden])");
}

/** What a column shows, from the top. */
function column(page, number) {
  return page.$$eval("#jobs tbody tr:not([hidden])", (rows, at) => rows.map((row) => row.cells[at].textContent), number);
}

/** Filters as somebody without a mouse does. */
async function checkFilter(page, rows) {
  const find = page.locator("#filter input[name=text]");
  const said = page.locator("#filter output");
  await settled(page, rows);
  const name = (await page.locator("#jobs tbody tr th bdi").last().textContent()).trim();
  await find.focus();
  await page.keyboard.type(name);
  await page.waitForFunction((all) => all === 1 || document.querySelector("#filter output").value.split(" ")[0] !== all.toLocaleString("en"), rows);
  const hits = await column(page, 1);
  assert(hits.length > 0 && hits.every((text) => text.includes(name)), `rows for ${name}: ${hits}`);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await settled(page, rows);

  // Tab to the boxes and take one verdict away after the other.
  const boxes = page.locator("#filter input[name=verdict]");
  let left = rows;
  for (let at = 0; at < 4; at += 1) {
    await boxes.nth(at).focus();
    const letter = await boxes.nth(at).inputValue();
    const of = await page.locator(`#jobs tbody tr[data-v^="${letter}"]`).count();
    await page.keyboard.press("Space");
    left -= of;
    await settled(page, left);
    assert.equal(await shown(page).count(), left);
  }
  assert.equal(left, 0, "without any verdict no row is left");
  for (let at = 0; at < 4; at += 1) {
    await boxes.nth(at).focus();
    await page.keyboard.press("Space");
  }
  await settled(page, rows);

  // By one control: its own verdict counts, not the job's gravest one.
  const select = page.locator("#filter select[name=control]");
  await select.selectOption({ index: 1 });
  await boxes.nth(0).focus();
  await page.keyboard.press("Space");
  const others = await page.$$eval("#jobs tbody tr", (all) => all.filter((row) => row.dataset.v[1] !== "n" && row.dataset.v[1] !== "-").length);
  await settled(page, others);
  assert.match(await said.textContent(), / of .* rows shown/);
  await select.selectOption({ index: 0 });
  await page.keyboard.press("Space");
  await boxes.nth(0).setChecked(true);
  await settled(page, rows);
}

/** Waits until the page says that so many rows are shown: it filters a moment after the last key. */
async function settled(page, count) {
  const wanted = count.toLocaleString("en");
  await page.waitForFunction((wanted) => document.querySelector("#filter output").value.startsWith(`${wanted} of `), wanted)
    .catch(async () => assert.fail(`${wanted} rows expected, the page says: ${await page.locator("#filter output").textContent()}`));
}

async function checkSort(page) {
  const collator = new Intl.Collator("en", { numeric: true });
  const heads = page.locator("#jobs thead th");
  for (const at of [1, 2, 3]) {
    const before = [...(await column(page, at))].sort(collator.compare);
    await heads.nth(at).locator("button").focus();
    await page.keyboard.press("Enter");
    assert.equal(await heads.nth(at).getAttribute("aria-sort"), "ascending");
    assert.deepEqual(await column(page, at), before, `column ${at} ascends`);
    await page.keyboard.press("Space");
    assert.equal(await heads.nth(at).getAttribute("aria-sort"), "descending");
    assert.deepEqual(await column(page, at), before.reverse(), `column ${at} descends`);
  }
  await heads.nth(0).locator("button").focus();
  await page.keyboard.press("Enter");
  const verdicts = await page.$$eval("#jobs tbody tr", (rows) => rows.map((row) => "nuca".indexOf(row.dataset.v[0])));
  assert.deepEqual(verdicts, [...verdicts].sort((a, b) => a - b), "the gravest first");
  assert.equal(await page.locator("#jobs [aria-sort]").count(), 1);
}

async function checkTimelineLinks(page) {
  const link = page.locator('#jobs a[href^="#t"]').last();
  if ((await link.count()) === 0) return;
  const target = await link.getAttribute("href");
  await page.locator("button[name=all]").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#jobs details:not([open])").count(), 0, "all evidence is open");
  await link.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((target) => document.querySelector(target).open, target);
  await page.locator("button[name=all]").focus();
  await page.keyboard.press("Enter");
}

/** axe-core over the page; of long tables the first rows, since it looks at every element for minutes. */
async function checkAccessibility(page) {
  await page.$$eval("#jobs tbody tr", (rows) => rows.slice(30).forEach((row) => row.remove()));
  await page.$$eval("details", (all) => all.slice(0, 60).forEach((details) => (details.open = true)));
  await page.$$eval("details.timeline", (all) => all.slice(8).forEach((details) => details.remove()));
  const devtools = await page.context().newCDPSession(page);
  // The page's own policy lets no script in: axe-core comes as the browser's, not the page's.
  const source = readFileSync(axe, "utf8");
  await devtools.send("Runtime.evaluate", { expression: source });
  const { result } = await devtools.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations))",
    awaitPromise: true,
    returnByValue: true,
  });
  const violations = JSON.parse(result.value);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n` + nodes.slice(0, 4).map((node) => `  ${node.target}\n  ${node.failureSummary}`).join("\n"));
  assert.equal(violations.length, 0, told.join("\n"));
  return violations.length;
}

async function checkWithoutScript(report) {
  const { page, done } = await open(report, { javaScriptEnabled: false });
  assert.equal(await page.locator("#filter").isVisible(), false, "no filter without a script");
  assert(await page.locator("h1").isVisible());
  if ((await page.locator("#jobs tbody tr").count()) > 0) assert(await page.locator("#jobs tbody tr").first().isVisible());
  await done();
}

async function screenshots(page, report, colorScheme) {
  const name = join(pictures, `${basename(report, ".html")}-${colorScheme}`);
  await page.screenshot({ path: `${name}.png` });
  const isSmall = (await page.locator("#jobs tbody tr").count()) <= 100;
  if (isSmall) await page.screenshot({ path: `${name}-whole.png`, fullPage: true });
  if (isSmall && colorScheme === "light") await page.pdf({ path: `${name}.pdf`, preferCSSPageSize: true, printBackground: true });
}
