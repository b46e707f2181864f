// A person at the demo page: node page.mjs URL PICTURE CHROMIUM. Submits jobs and watches them being done.
import { chromium } from "playwright-core";

const [url, picture, executablePath] = process.argv.slice(2);
const SEEN_WITHIN = 90_000;

function check(what, so) {
  if (!so) throw new Error(`not so: ${what}`);
}

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 800 } });
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url, { timeout: SEEN_WITHIN });
  page.setDefaultTimeout(SEEN_WITHIN);
  await page.getByText("only the API's role may read").waitFor({ timeout: SEEN_WITHIN });

  const texts = ["one two three", "a whole sentence of seven words now", "single"];
  for (const text of texts) {
    await page.getByLabel("Count the words of").fill(text);
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("cell", { name: text, exact: true }).first().waitFor({ timeout: SEEN_WITHIN });
  }
  await page.waitForFunction(
    (count) => document.querySelectorAll('#jobs tr[data-state="done"]').length >= count,
    texts.length,
    { timeout: SEEN_WITHIN },
  );
  const rows = await page.locator("#jobs tr").allInnerTexts();
  const words = Object.fromEntries(rows.map((row) => row.split("\t")).map((cells) => [cells[1], cells[4]]));
  check("each job has its count: " + JSON.stringify(words), words[texts[0]] === "3" && words[texts[1]] === "7" && words[texts[2]] === "1");
  const task = /^[0-9a-f]{12}$/;
  for (const row of rows) {
    const [, , api, worker] = row.split("\t");
    check(`a task took it and a worker did it: ${row}`, task.test(api) && task.test(worker));
  }
  // Both tasks of the API answer in time: the page shows who did.
  await page.waitForFunction(() => document.querySelectorAll("#answered li").length >= 2, undefined, { timeout: SEEN_WITHIN });
  check("no error on the page", (await page.locator("#error").isHidden()) && errors.length === 0);
  await page.screenshot({ path: picture });
  console.log(`done: ${rows.length} jobs, versions ${await page.locator(".versions").innerText()}`);
} finally {
  await browser.close();
}
