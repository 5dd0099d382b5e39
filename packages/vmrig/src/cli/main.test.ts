import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { CONFIG_VERBS } from "../config/repeat-config.ts";
import { helpText } from "./help.ts";
import { configOf, says, test } from "./test-cli.test.kit.ts";
import { VERBS } from "./table.ts";
import { ownVersion } from "./own-version.ts";

/** Joins the lines of a wrapped text. */
const oneLine = (text: string): string => text.replace(/\s+/g, " ");

test("the help of all verbs and of each verb goes to standard output", async ({ cli }) => {
  const { exitCode, stdout, stderr } = await cli.start(["--help"]);
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: helpText(), stderr: "" });
  for (const verb of VERBS) expect(oneLine(helpText(verb))).toContain(verb.summary.slice(1));
  expect((await cli.start(["up", "--help"])).stdout).toContain("--allow ADDRESS");
});

test("every verb that reads the config is known to the hints", () => {
  const names = VERBS.map(({ name }) => name).filter((name) => name !== "init");
  expect(names.toSorted()).toEqual([...CONFIG_VERBS].toSorted());
});

test("prints its version", async ({ cli }) => {
  expect((await cli.start(["--version"])).stdout).toBe(`${await ownVersion()}\n`);
});

describe("a mistake prints one message without a stack on standard error", () => {
  test.for<[title: string, words: readonly string[], code: number, message: string]>([
    ["an unknown verb", ["destory"], 2, 'vmrig has no verb "destory".\n  available: destroy, '],
    ["a missing config", ["up", "--config", "nowhere.ts"], 2, "There is no config at "],
    ["an invalid config", ["up", "--config", "wrong.config.mjs"], 2, "name: is missing"],
    [
      "another rig's name",
      ["destroy", "others"],
      2,
      'confirm its name; got "others". vmrig changed nothing.',
    ],
    [
      "an unreachable Redis",
      ["up", "--config", "unreachable.config.mjs"],
      3,
      "Could not connect to Redis at redis://127.0.0.1:1 after",
    ],
  ])("%s", async ([, words, code, message], { cli }) => {
    await writeFile(join(cli.project, "wrong.config.mjs"), "export default {};\n");
    await writeFile(
      join(cli.project, "unreachable.config.mjs"),
      configOf(["pc1"], 'redis: { url: "redis://127.0.0.1:1" }'),
    );
    const { exitCode, stdout, stderr } = await cli.start(words);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
  });
});

describe("on a rig of two machines", () => {
  test("up creates them, reports its steps on standard error and the result on standard output", async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.start(["up"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^ready {4}pcs-1: pc1, pc2 at baseline [0-9a-f]+\n$/);
    expect(stderr).toContain("plan     create terraform_data.pc1, terraform_data.pc2");
    // oxlint-disable-next-line no-control-regex -- no colours, whatever the terminal
    expect(stdout + stderr).not.toMatch(/\u001b/);
  });

  test.for([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s during the wait leaves the queue immediately and exits with %i",
    async ([signal, code], { cli }) => {
      await using holder = await cli.hold("bob");
      const waiting = cli.start(["up"]);
      await says(waiting, /wait {5}pcs-1 is held by bob@/);
      expect(await holder.waiting()).toBe(1);
      waiting.kill(signal);
      const { exitCode, stderr, stdout } = await waiting;
      expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
      expect(stderr).toMatch(new RegExp(`^ended by ${signal}$`, "m"));
      expect(await holder.waiting()).toBe(0);
    },
  );

  test("Ctrl-C that arrives twice at the same time, as under npx, still leaves the queue", async ({
    cli,
  }) => {
    await using holder = await cli.hold("bob");
    const waiting = cli.start(["up"]);
    await says(waiting, /wait {5}pcs-1 is held by bob@/);
    waiting.kill("SIGINT");
    waiting.kill("SIGINT");
    expect((await waiting).exitCode).toBe(130);
    expect(await holder.waiting()).toBe(0);
  });

  test("the command in a hint repeats the config that was given", async ({ cli }) => {
    await writeFile(join(cli.project, "other.config.mjs"), configOf(["pc1"]));
    const { stderr, exitCode } = await cli.start(["up", "--config", "other.config.mjs"]);
    expect(stderr).toMatch(/terraform_data\.pc2 would be deleted/);
    expect(stderr).toContain(
      "hint: to allow this, run `vmrig up --config other.config.mjs --allow terraform_data.pc2`",
    );
    expect(exitCode).not.toBe(0);
  });

  test("destroy removes them when the rig's name is typed, and lists the removed resources", async ({
    cli,
  }) => {
    const { exitCode, stdout, stderr } = await cli.start(["destroy", "pcs"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toBe("gone     terraform_data.pc1\ngone     terraform_data.pc2\n");
    expect((await cli.start(["destroy", "--yes-destroy", "pcs"])).stdout).toBe(
      "gone     pcs: nothing to destroy\n",
    );
  });
});
