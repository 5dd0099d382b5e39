import { access, constants, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  FAKE,
  FAULTS,
  openVitestRunner,
  type Run,
  type VitestRunner,
} from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

/** Returns a PATH with only the named programs, as far as this computer has them. */
async function pathWith(...programs: readonly string[]): Promise<string> {
  const folder = await runner.folder();
  const places = (process.env["PATH"] ?? "").split(delimiter);
  for (const program of programs) {
    const found = await Promise.all(
      places.map(async (place) =>
        (await isProgram(join(place, program))) ? [join(place, program)] : [],
      ),
    );
    const [file] = found.flat();
    if (file !== undefined) await symlink(file, join(folder, program));
  }
  return folder;
}

function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

describe("an unusable config fails the machine tests of its project", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runner.run(FAULTS, []);
  }, LIMIT_MS);

  test.each([
    [
      "no-config",
      "when there is none",
      "CONFIG_NOT_FOUND",
      /There is no vmrig\.config\.ts in \S+ or a folder above it\.\nhint: write one: .+\n/,
    ],
    [
      "wrong-path",
      "when its path is wrong",
      "CONFIG_NOT_FOUND",
      /There is no config at \S+\/moved\.vmrig\.config\.ts\.\nhint: name an existing file, or omit `--config` .+\n/,
    ],
    [
      "invalid",
      "with each mistake on a line of its own",
      "CONFIG_INVALID",
      /invalid\.vmrig\.config\.ts has 2 mistakes\.\n {2}machines\.pc1: .*"ram".*\n {2}rollback: .*"sometimes"\nhint: .+\n/,
    ],
    [
      "throws",
      "with the thrown error and its location",
      "CONFIG_UNREADABLE",
      /could not be loaded: The token of the cloud is not set\.\n {2}at \S+throws\.vmrig\.config\.ts:1:7\n/,
    ],
    [
      "without-plugin",
      "when its project has no plugin",
      "PLUGIN_MISPLACED",
      /This file's project has no vmrig plugin, .+\nhint: move the file into the project of vmrigProject\(…\), or .+\n/,
    ],
  ])("%s: %s", (project, _title, code, text) => {
    const failure = run.failure(`|${project}|`);
    expect(failure, run.output).toMatch(text);
    expect(failure).toContain(`\nVmrigError [${code}]: `);
    expect(failure).not.toContain("AssertionError");
  });

  test("the unit tests of the run are green, the run is not", () => {
    expect(run.outcome("sum.test.ts"), run.output).toEqual({ passed: 1 });
    expect(run.code).toBe(1);
  });
});

describe.each([
  [
    "Redis",
    [],
    "REDIS_MISSING",
    /Neither redis-server nor valkey-server is on PATH, .+\nhint: .*VMRIG_REDIS_URL.*\n/,
  ],
  [
    "Terraform",
    ["redis-server", "valkey-server"],
    "TERRAFORM_MISSING",
    /Neither Terraform nor OpenTofu .+\n {2}terraform: not on the PATH\n {2}tofu: not on the PATH\nhint: install OpenTofu .*VMRIG_TERRAFORM.*\n/,
  ],
])("where %s is missing", (_what, programs, code, text) => {
  let run: Run;
  beforeAll(async () => {
    const env = { PATH: await pathWith(...programs), VMRIG_TERRAFORM: undefined };
    run = await runner.run(FAKE, ["--project", "others", "--project", "unit"], env);
  }, LIMIT_MS);

  test("the machine tests fail with code, facts and hint", () => {
    const failure = run.failure("|others|");
    expect(failure, run.output).toMatch(text);
    expect(failure).toContain(`\nVmrigError [${code}]: `);
    expect(failure).not.toContain("AssertionError");
    expect(run.code).toBe(1);
  });

  test("no machine test counts as passed, and the unit tests are green", () => {
    expect(run.outcome("others/own.test.ts")["passed"], run.output).toBeUndefined();
    expect(run.outcome("unit/sum.test.ts")).toEqual({ passed: 1 });
  });
});

describe("tests that fail on working machines", () => {
  let run: Run;
  beforeAll(async () => {
    run = await runner.run(FAKE, ["--project", "failing"]);
  }, LIMIT_MS);

  test("fail by themselves; the others of their file pass", () => {
    expect(run.outcome("failing/wrong.test.ts"), run.output).toEqual({ failed: 2, passed: 1 });
    expect(run.code).toBe(1);
  });

  test("an assertion is shown as one", () => {
    const failure = run.failure("expects the wrong name");
    expect(failure, run.output).toContain("AssertionError: expected 'pc1' to be 'pc7'");
    expect(failure).not.toContain("VmrigError");
  });

  test("a command is shown with its machine, its exit code and its output", () => {
    const failure = run.failure("runs a command that fails");
    expect(failure, run.output).toMatch(
      /`echo out of paper >&2; exit 3` on pc1 exited with 3 after .+\n {2}stderr:\n {4}out of paper\n/,
    );
    expect(failure).toContain("\nCommandError [COMMAND_FAILED]: `echo");
  });
});
