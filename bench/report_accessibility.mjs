// Runs axe-core over a page of ours in 8 settings (phone and desktop, light and dark, unfolded and with an item open; 4
// where there are no items) and watches what it asks for. PAGE is a report, a diff or an address of `harness view`.
// Needs Node.js, Chromium, and the npm packages axe-core and puppeteer-core.
//   node bench/report_accessibility.mjs FOLDER_WITH_NODE_MODULES PAGE
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [packages, report] = process.argv.slice(2);
const load = createRequire(resolve(packages, "package.json"));
const puppeteer = (await import(pathToFileURL(load.resolve("puppeteer-core")).href)).default;
const axe = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const page = /^http:/.test(report) ? report : pathToFileURL(resolve(report)).href;
const own = page.startsWith("http:") ? new URL(page).origin : page; // what it may ask for
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", protocolTimeout: 0, headless: true,
  args: process.getuid && process.getuid() === 0 ? ["--no-sandbox"] : [],
});
let faults = 0;
for (const width of [390, 1440]) for (const scheme of ["light", "dark"]) for (const anchor of ["", "#item-3"]) {
  const tab = await browser.newPage(), asked = [];
  tab.on("request", (request) => { if (!request.url().startsWith(own)) asked.push(request.url()); });
  await tab.setBypassCSP(true); // for axe alone
  await tab.setViewport({ width, height: 900 });
  await tab.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await tab.goto(page + anchor, { waitUntil: "load", timeout: 0 });
  if (anchor && !(await tab.$("#item-3"))) { await tab.close(); continue; }
  await new Promise((done) => setTimeout(done, 1500));
  if (!anchor) await tab.evaluate(() => document.querySelectorAll("details").forEach((part) => { part.open = true; }));
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  console.log(`${width} px, ${scheme}, ${anchor ? "item open" : "unfolded"}: ${violations.length} violations,`,
    `${asked.length} requests, ${wide} px too wide`);
  for (const found of violations) console.log("  ", found.id, found.nodes.map((node) => node.html.slice(0, 120)));
  faults += violations.length + asked.length + Math.max(0, wide);
  await tab.close();
}
await browser.close();
process.exit(faults ? 1 : 0);
