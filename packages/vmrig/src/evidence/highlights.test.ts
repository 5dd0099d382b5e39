import { expect, test } from "vitest";
import { createSecrets } from "./secrets.ts";
import { highlights } from "./highlights.ts";
import { createTranscript } from "./transcript.ts";

const linesOfJournal = (...lines: readonly string[]): string[] =>
  highlights(createTranscript(createSecrets()), [
    { kind: "journal", title: "journal of pc1", got: { text: `${lines.join("\n")}\n` } },
  ]).slice(1);

const APP = "2026-01-01T00:00:00+00:00 pc1 app[7]: started";
const OWN_LOGIN =
  "2026-01-01T00:00:01+00:00 pc1 sudo[8]: vmrig : USER=root ; COMMAND=/bin/sh -c 'systemctl list-units --failed'";

test("shows journal lines that indicate a problem, otherwise the last line", () => {
  const problem = "2026-01-01T00:00:02+00:00 pc1 app[7]: error: no greeting";
  expect(linesOfJournal(APP, problem, APP)).toEqual(["journal of pc1:", `  ${problem}`]);
  expect(linesOfJournal(APP)).toEqual(["journal of pc1:", `  ${APP}`]);
});

test("ignores lines of vmrig's own logins", () => {
  expect(linesOfJournal(APP, OWN_LOGIN)).toEqual(["journal of pc1:", `  ${APP}`]);
  expect(linesOfJournal(OWN_LOGIN)).toEqual([]);
});
