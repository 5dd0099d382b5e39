import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";

/** Names that distributions use. Chrome works the same way in these tests. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

export interface Window extends AsyncDisposable {
  readonly page: Page;
}

/** Opens a headless Chromium with one empty page. It can reach this computer only. */
export async function openWindow(): Promise<Window> {
  const browser = await chromium.launch({
    executablePath: program(),
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  return { page: await pageOf(browser), [Symbol.asyncDispose]: () => browser.close() };
}

async function pageOf(browser: Browser): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(90_000);
  return page;
}

function program(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), MAC].find(
    (file) => existsSync(file),
  );
  if (found !== undefined) return found;
  throw new Error(
    `No Chromium on PATH (${NAMES.join(", ")}): \`npm run setup\` installs it on Debian as root, and lists what to install on other systems.`,
  );
}
