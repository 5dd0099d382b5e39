import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EVIDENCE, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;
const REPORTERS = ["default", "junit", "github-actions", "json"];

let runner: VitestRunner;
let run: Run;
/** The output of each reporter, as text. */
let reports: Readonly<Record<string, string>>;
let attachments: string;
beforeAll(async () => {
  runner = await openVitestRunner();
  const folder = await runner.folder();
  attachments = join(folder, "attachments");
  run = await runner.vitest(
    EVIDENCE,
    [
      "run",
      ...REPORTERS.map((name) => `--reporter=${name}`),
      `--outputFile.junit=${join(folder, "junit.xml")}`,
      `--outputFile.json=${join(folder, "report.json")}`,
      `--attachmentsDir=${attachments}`,
    ],
    { DEPLOY_TOKEN: "hunter2-of-config" },
  );
  const github = run.output.split("\n").filter((line) => line.startsWith("::"));
  reports = {
    default: run.output,
    "github-actions": decodeURIComponent(
      github
        .join("\n")
        .replaceAll("%0A", "\n")
        .replaceAll(/%(?![0-9A-F]{2})/g, "%25"),
    ),
    junit: await readFile(join(folder, "junit.xml"), "utf8"),
    json: await readFile(join(folder, "report.json"), "utf8"),
  };
}, LIMIT_MS);
afterAll(() => runner?.[Symbol.asyncDispose]());

/** Returns the attachments that contain the words. */
async function kept(words: string): Promise<string[]> {
  const files = await readdir(attachments);
  const texts = await Promise.all(files.map((file) => readFile(join(attachments, file), "utf8")));
  return texts.filter((text) => text.includes(words));
}

test.each(REPORTERS)("%s names the attachment and shows its highlights", (reporter) => {
  const report = (reports[reporter] ?? "")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'");
  expect(report).toMatch(/evidence of pcs-1: \S+\.txt/);
  expect(report).toContain("exited with 3 after");
  expect(report).toContain("could not bind, password was ***");
});

test("a test that passed has no evidence", async () => {
  expect(await kept("of the test that passed")).toEqual([]);
});

test("a failed test has its commands, its journal, its console and the requested files", async () => {
  const [text = "", ...more] = await kept("the app said");
  expect(more).toEqual([]);
  expect(text).toMatch(
    /^\+\d+\.\d{3} s {2}pc1 \S+\$ echo "the app said: \$ANY_NAME" >&2; exit 3 → exited with 3 after \d+\.\d s$/m,
  );
  expect(text).toMatch(/^ {4}stderr: the app said: \*\*\*$/m);
  expect(text).toContain("pc1 app[7]: error: could not bind");
  expect(text).toContain("=== console of pc1 ===");
  expect(text).toContain("kept because the test asked for it");
  expect(text).toMatch(/=== \/proc\/self\/status of pc2 ===\nName:/);
  expect(text).toMatch(/=== \/no\/such\/file of pc1 ===\n\(not available: .*[Nn]o such file/);
});

test("a wait that checked many times is one line with the number of checks", async () => {
  const [text = ""] = await kept("the app said");
  expect(text.match(/looks; test/g)).toHaveLength(1);
  expect(text).toContain("(20 times) → exited with 1");
});

test("neither reports nor attachments contain a secret", async () => {
  expect(await kept("***")).not.toEqual([]);
  expect(await kept("hunter2")).toEqual([]);
  for (const [reporter, text] of Object.entries(reports))
    expect(text, reporter).not.toContain("hunter2");
});

test("each attempt has its own evidence", async () => {
  expect(await kept("echo attempt '0'")).toHaveLength(1);
  expect(await kept("echo attempt '1'")).toHaveLength(1);
  expect(await kept("echo attempt")).toHaveLength(2);
});

test("a failing beforeEach counts as a failure of its test", async () => {
  const [text = "", ...more] = await kept("echo in the hook");
  expect(more).toEqual([]);
  expect(text).toContain("→ exited with 4");
  expect(await kept("echo never")).toEqual([]);
});

test("the error of a failing beforeAll or afterAll has its evidence, without the commands of the tests", async () => {
  const [before = "", ...more] = await kept("setting up");
  expect(more).toEqual([]);
  expect(before).toMatch(
    /^=== commands on pcs-1 ===\n\+\S+ s {2}pc2 vmrig\$ echo "setting up with \$TOKEN"; exit 6 → exited with 6/,
  );
  expect(before).toContain("stdout: setting up with ***\n");
  const [after = ""] = await kept("echo cleaning up; exit 7 → exited with 7");
  expect(after).not.toContain("of the test within");
  const report = reports["default"] ?? "";
  expect(report).toMatch(
    /a setup that fails\n[^]*?evidence of pcs-1: \S+\.txt\n {2}commands:\n {4}pc2 vmrig\$ echo "setting up/,
  );
});

test("evidence() outside of a test fails with an explanation", () => {
  const { testResults } = JSON.parse(reports["json"] ?? "") as {
    testResults: { assertionResults: { title: string; status: string }[] }[];
  };
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(results.find(({ title }) => title.startsWith("evidence() fails"))).toMatchObject({
    status: "passed",
  });
});

test("text written to a file that only its owner may read is a secret", async () => {
  const [text = ""] = await kept("token was");
  expect(text).toMatch(/^ {4}stdout: \*\*\*$/m);
  expect(text).toMatch(/^ {4}stderr: token was \*\*\*$/m);
});

test("each concurrent test has its own commands, or none", async () => {
  const [text = "", ...more] = await kept("echo concurrent");
  expect(more).toEqual([]);
  expect(text).toMatch(
    /^=== commands on pcs-1 ===\n\+\S+ s {2}pc1 vmrig\$ echo concurrent; exit 5 → exited with 5.*\n {4}stdout: concurrent\n\n=== /,
  );
  expect(await kept("=== commands on pcs-1 ===\n(none)\n")).toHaveLength(2);
});

test("a test that timed out has its evidence, and the command that was running", async () => {
  const [text = ""] = await kept("before the time was over");
  expect(text).toContain("sleep 600 → was cancelled");
  expect(text).toMatch(/=== \/proc\/self\/status of pc2 ===\nName:/);
});

test("a dead machine has its console and the transcript, and each other part names the reason why it is missing", async () => {
  const [text = ""] = await kept("before it died");
  expect(text).toMatch(/=== journal of pc1 ===\n\(not available: .+\)/);
  expect(text).toMatch(/=== console of pc1 ===\n(?!\(not available)/);
});

test("a shell has its last screen and the keys that were sent", async () => {
  const [text = "", ...more] = await kept("typed: ");
  expect(more).toEqual([]);
  expect(text).toMatch(
    /^\+\S+ s {2}pc1 vmrig\$ read -p "Word: " word; .* → exited with 130 after .*$/m,
  );
  expect(text).toMatch(/^ {4}typed: \*\*\* <Ctrl\+C>$/m);
  // The frame would split a secret that must not be shown.
  expect(text).toMatch(/^ {4}Word: \*\*\*$/m);
  expect(text).toMatch(/^ {4}\*\*\*, \*\*\*: denied$/m);
});

test("only this user can read the evidence", async () => {
  const modes = await Promise.all(
    (await readdir(attachments)).map(
      async (file) => (await stat(join(attachments, file))).mode & 0o077,
    ),
  );
  expect(new Set(modes)).toEqual(new Set([0]));
});
