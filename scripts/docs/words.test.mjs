import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { ROOT } from "./markdown.mjs";

/** Words that a reader has to read twice; each has a plain replacement. */
const AVOIDED = ["anew", "whoever", "somebody", "nobody"];
const THIS_FILE = "scripts/docs/words.test.mjs";
/** Everything that people read. `infra` may use the Unix account `nobody`. */
const READ_BY_PEOPLE = [".", ":!pnpm-lock.yaml", ":!infra", `:!${THIS_FILE}`];

/**
 * Searches for avoided words, as whole words in any case, in all files that git does not ignore.
 * `--no-index` also searches files that are not committed yet, and needs no repository.
 *
 * @param {readonly string[]} pathspecs
 * @returns {string[]} `file:line:text`
 */
function findAvoidedWords(pathspecs) {
  const words = AVOIDED.flatMap((word) => ["-e", word]);
  const { error, status, stdout, stderr } = spawnSync(
    "git",
    ["grep", "--no-index", "--exclude-standard", "-I", "-nwi", ...words, "--", ...pathspecs],
    { cwd: ROOT, encoding: "utf8" },
  );
  if (error) throw error;
  // Exit status 1: no match.
  if (status !== 0 && status !== 1) throw new Error(`git grep failed: ${stderr}`);
  return stdout.split("\n").filter((line) => line !== "");
}

test("no file contains an avoided word", () => {
  expect(findAvoidedWords(READ_BY_PEOPLE)).toEqual([]);
});

test("the search reports file, line and text", () => {
  expect(findAvoidedWords([THIS_FILE])).toContainEqual(
    expect.stringMatching(/^scripts\/docs\/words\.test\.mjs:\d+:const AVOIDED = \["anew"/),
  );
});
