import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAKE, openVitestRunner, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
let run: Run;
beforeAll(async () => {
  runner = await openVitestRunner();
  run = await runner.run(FAKE, ["--project", "matchers"]);
}, LIMIT_MS);
afterAll(() => runner[Symbol.asyncDispose]());

test("matchers pass where they should", () => {
  expect(run.outcome("matchers/examples.test.ts"), run.output).toEqual({ passed: 9 });
});

test("matchers fail where they should, and fail no other test", () => {
  expect(run.outcome("matchers/failing.test.ts"), run.output).toEqual({ failed: 8, passed: 1 });
  expect(run.output).not.toContain("Unhandled");
});

describe("a failed matcher shows", () => {
  test("the object, the expected and the observed value, a diff and the line of the test", () => {
    const failure = run.failure("expects another text");
    expect(failure, run.output).toMatch(
      /Error: expected pc1:greeting as \S+ to have the text "bye\\n"\n {2}looked for 0\.\d s; last seen: "hello\\n"\n/,
    );
    expect(failure).toMatch(/- Expected\n\s*\+ Received\n\n- bye\n\+ hello\n/);
    expect(failure).toMatch(/❯ tests\/matchers\/failing\.test\.ts:6:/);
  });

  test("the screen of a shell, in a frame", () => {
    const failure = run.failure("expects a shell to show something else");
    expect(failure, run.output).toMatch(
      /Error: expected shell "printf .*" on pc1 as vmrig to show "Password:"\n {2}looked for 0\.\d s; last seen: a screen whose last line is "Name:"\n/,
    );
    expect(failure).toContain(`+ │Name:               │\n`);
  });

  test("each of several soft assertions", () => {
    expect(run.failure("expects softly, twice"), run.output).toContain("expected pc1:first as");
    expect(run.output).toContain("expected pc1:second as");
  });
});

describe("a matcher that is not awaited", () => {
  test.each([
    ["forgets to await", 15],
    ["softly forgets", 19],
  ])("fails its test (%s) and names the line", (name, line) => {
    const failure = run.failure(name);
    expect(failure, run.output).toMatch(
      /expect\(pc1:greeting as \S+\)\.toExist\(\) was not awaited, so it has checked nothing\./,
    );
    expect(failure).toContain("[MATCHER_MISUSED]");
    expect(failure).toContain(`failing.test.ts:${line}:`);
  });
});

test("a matcher that receives a running command fails with a hint", () => {
  expect(run.failure("gives a command that runs"), run.output).toContain(
    "hint: pass a function that runs the command: await expect(() => pc1.$`…`).toSucceed(…)",
  );
});

test("a machine matcher inside another matcher fails with a hint", () => {
  expect(run.failure("asks inside of another matcher"), run.output).toContain(
    "toExist queries a machine and cannot be used inside another matcher.",
  );
});

test("a matcher that still waits when the test times out ends with the test and reports its last observation", () => {
  expect(run.failure("waits longer than the test may"), run.output).toContain(
    "Test timed out in 1000ms",
  );
  expect(run.output).toMatch(
    /The test ended while expect\(pc1:never as \S+\)\.toExist\(\) was waiting; last seen: it is not there\.\n ❯ tests\/matchers\/failing\.test\.ts:34:/,
  );
});
