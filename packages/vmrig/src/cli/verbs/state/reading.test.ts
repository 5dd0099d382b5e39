import { describe, expect } from "vitest";
import { test, type TestCli } from "../../test-cli.test.kit.ts";
import { LINEAGE, rigNamed, stateText, type TestRig } from "./state.test.kit.ts";

const SECRET = "correct-horse";
const FIRST = stateText({ serial: 1, resources: { pc1: {} } });
const SECOND = stateText({
  serial: 2,
  resources: {
    pc1: {
      attributes: {
        id: "pc1",
        root_password: SECRET,
        input: { note: "hello", nested: { api_key: SECRET } },
        marked: { deep: SECRET },
      },
      sensitive_attributes: [[{ type: "get_attr", value: "marked" }]],
    },
    pc2: { status: "tainted" },
  },
});

/** A rig with two versions of its state. */
async function twoVersions(cli: TestCli): Promise<TestRig> {
  const rig = await rigNamed(cli, "two");
  await using states = await rig.open();
  if ((await states.newestVersion({ rig: "two", copy: "two-1" })) === 0)
    await rig.store(FIRST, SECOND);
  return rig;
}

describe("on a rig with two versions of its state", () => {
  test("list prints the addresses of the newest version, and marks tainted ones", async ({
    cli,
  }) => {
    const { state } = await twoVersions(cli);
    expect(await state(["list"])).toMatchObject({
      exitCode: 0,
      stdout: "terraform_data.pc1\nterraform_data.pc2 (tainted)\n",
      stderr: "",
    });
  });

  test("show prints who stored the version, when, and its resources without attributes", async ({
    cli,
  }) => {
    const { state } = await twoVersions(cli);
    const { stdout, exitCode } = await state(["show"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      new RegExp(
        [
          `^state    two-1: version 2, in ${cli.folders.state}/rigs`,
          "stored   \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ by alice@laptop \\(vitest run\\), session session-, fence \\d+",
          "change   version of alice",
          `lineage  ${LINEAGE}, serial 2, no owner`,
          "resource terraform_data.pc1",
          "resource terraform_data.pc2 \\(tainted\\)\n$",
        ].join("\n"),
      ),
    );
  });

  test("show --json prints attributes, but no sensitive value", async ({ cli }) => {
    const { state } = await twoVersions(cli);
    const { stdout } = await state(["show", "terraform_data.pc1", "--json"]);
    expect(stdout).not.toContain(SECRET);
    expect(JSON.parse(stdout)).toMatchObject({
      copy: "two-1",
      version: 2,
      newest: 2,
      serial: 2,
      by: { who: "alice", session: "session-of-alice" },
      resources: [
        {
          address: "terraform_data.pc1",
          tainted: false,
          attributes: {
            id: "pc1",
            root_password: "(sensitive)",
            input: { note: "hello", nested: { api_key: "(sensitive)" } },
            marked: "(sensitive)",
          },
        },
      ],
    });
  });

  test("show --at prints an earlier version, and the number of the newest", async ({ cli }) => {
    const { state } = await twoVersions(cli);
    const { stdout } = await state(["show", "--at", "1"]);
    expect(stdout).toContain("state    two-1: version 1, the newest is 2, in ");
    expect(stdout).not.toContain("terraform_data.pc2");
  });

  test("pull prints the text byte for byte, and the version for push on stderr", async ({
    cli,
  }) => {
    const { state } = await twoVersions(cli);
    const newest = await state(["pull"]);
    expect(newest.stdout).toBe(SECOND);
    expect(newest.stderr).toBe(
      "pull     version 2 of two-1: push a changed file with `--base 2`\n",
    );
    const first = await state(["pull", "--at", "1"]);
    expect(first.stdout).toBe(FIRST);
    expect(first.stderr).toBe("pull     version 1 of two-1: the newest is 2\n");
  });

  test("history lists the versions, newest first", async ({ cli }) => {
    const { state } = await twoVersions(cli);
    const { stdout } = await state(["history"]);
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(
        /^2 {3}.*Z {3}alice@laptop \(vitest run\) {3}session session- {3}fence \d+ {3}version of alice$/,
      ),
      expect.stringMatching(/^1 {3}/),
      "",
    ]);
    const { stdout: json } = await state(["history", "--json"]);
    expect(JSON.parse(json)).toMatchObject({
      copy: "two-1",
      versions: [
        { version: 2, by: { who: "alice" }, applying: [] },
        { version: 1, summary: "version of alice" },
      ],
    });
  });

  test.for<[title: string, words: readonly string[], message: string]>([
    [
      "a version that is not kept",
      ["show", "--at", "7"],
      '^Version 7 of the state of "two-1" is not kept in .*\n  kept: 1-2\n$',
    ],
    ["a version that is no number", ["pull", "--at", "x"], '^--at needs the number .* got "x"'],
    [
      "an unknown address",
      ["show", "terraform_data.pc3"],
      "^The state has no resource terraform_data.pc3.\n  available: terraform_data.pc1, terraform_data.pc2\n$",
    ],
    [
      "an unknown copy",
      ["list", "--copy", "two-2"],
      '^Rig "two" has no copy "two-2".\n  available: two-1\n$',
    ],
  ])("%s is refused, with the known ones", async ([, words, message], { cli }) => {
    const { state } = await twoVersions(cli);
    const { exitCode, stdout, stderr } = await state(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(message));
  });
});

test("a rig without a state: history is empty, and show says how to create one", async ({
  cli,
}) => {
  const { state } = await rigNamed(cli, "new");
  expect(await state(["history"])).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: expect.stringMatching(/^nothing {2}new-1 has no state in /) as unknown,
  });
  expect(await state(["pull"])).toMatchObject({
    exitCode: 3,
    stdout: "",
    stderr: expect.stringMatching(
      /^There is no state of "new-1" in .*\nhint: .*`vmrig up /,
    ) as unknown,
  });
});

test("with several copies, the verb needs --copy, and lists the names", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "several", { copies: 2 });
  await store(FIRST);
  expect(await state(["list"])).toMatchObject({
    exitCode: 2,
    stderr:
      'Rig "several" has 2 copies: name one of them.\n  available: several-1, several-2\nhint: add `--copy several-1`\n',
  });
  expect((await state(["list", "--copy", "several-1"])).stdout).toBe("terraform_data.pc1\n");
});

test("a state that OpenTofu encrypted: show says so, and list refuses", async ({ cli }) => {
  const { state, store } = await rigNamed(cli, "tofu");
  const sealed = { meta: {}, encrypted_data: "vrQh", encryption_version: "v0" };
  await store(JSON.stringify({ serial: 3, lineage: LINEAGE, ...sealed }));
  expect((await state(["show"])).stdout).toContain("resource encrypted by OpenTofu\n");
  expect(await state(["list"])).toMatchObject({
    exitCode: 3,
    stderr: expect.stringMatching(/^OpenTofu encrypted the version 1 of the state of/) as unknown,
  });
});
