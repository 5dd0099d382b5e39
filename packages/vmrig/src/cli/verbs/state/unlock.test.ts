import { expect } from "vitest";
import { StateSession } from "../../../provision/state/state-session.ts";
import { test } from "../../test-cli.test.kit.ts";
import { rigNamed, stateText } from "./state.test.kit.ts";

test("unlock names the holder of the lease and how to end it, and leaves the lease alone", async ({
  cli,
}) => {
  await using _alice = await cli.hold("alice");
  const { exitCode, stdout, stderr } = await cli.start(["state", "unlock"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
  expect(stderr).toMatch(
    /^The state of "pcs-1" is locked by the lease of its copy\.\n {2}held by alice@laptop \(vitest run\) for .*\nhint: wait for this run; if it does not exit, run `vmrig state unlock --force --copy pcs-1`\n$/,
  );
  expect((await cli.start(["status"])).stdout).toContain("held by alice@laptop");
});

test("unlock --force ends the lease, and a late write of its holder is refused", async ({
  cli,
}) => {
  const { state, store, open } = await rigNamed(cli, "forced");
  await store(stateText({ serial: 1 }));
  const alice = cli.run("alice", { name: "forced", machines: { pc1: {} } });
  const { fence, copy } = await alice.gate.claim("file");
  await using states = await open();
  const by = { who: "alice", host: "laptop", command: "vitest run", session: "1" };
  const late = await StateSession.open({
    store: states,
    copy: { rig: "forced", copy },
    fence,
    by,
  });

  const { exitCode, stdout, stderr } = await state(["unlock", "--force"]);
  expect(exitCode, stderr).toBe(0);
  const [released, unlocked] = stdout.split("\n");
  expect(released).toMatch(/^released forced-1: it was held by alice@laptop \(vitest run\) for /);
  expect(unlocked).toMatch(
    /^unlocked forced-1: runs with a fence below \d+ cannot write the state$/,
  );
  expect(Number(/\d{10,}/.exec(unlocked ?? "")?.[0])).toBeGreaterThan(fence);
  await expect(late.begin(["pc1"])).rejects.toMatchObject({ code: "FENCED" });
  await alice.gate.close();
});

test("unlock of a free copy refuses earlier runs, and names an apply that has not completed", async ({
  cli,
}) => {
  const { state, store, open } = await rigNamed(cli, "killed");
  await store(stateText({ serial: 1 }));
  await using states = await open();
  const options = {
    store: states,
    copy: { rig: "killed", copy: "killed-1" },
    fence: Date.now() * 1000,
    by: { who: "alice", host: "laptop", command: "vitest run", session: "1" },
  };
  const killed = await StateSession.open(options);
  await killed.begin(["pc1"]);
  const { stdout } = await state(["unlock"]);
  expect(stdout).toMatch(
    /^unlocked killed-1: .*\napply {4}not completed: pc1; the next run repairs these machines\n$/,
  );
  await expect(killed.complete()).rejects.toMatchObject({ code: "FENCED" });
});

test("unlock --force leaves the copy to the run that waits for it", async ({ cli }) => {
  const config = { name: "queued", machines: { pc1: {} } };
  const { state } = await rigNamed(cli, "queued");
  const alice = cli.run("alice", config);
  await alice.gate.claim("file");
  const bob = cli.run("bob", config);
  const claim = bob.gate.claim("file");
  await bob.says(/^wait .* you are next/);
  const { stdout, stderr } = await state(["unlock", "--force"]);
  expect(stdout, stderr).toMatch(
    /^released queued-1: it was held by alice@.*\nqueue {4}queued-1: the next run in the queue has it now\n$/,
  );
  expect(await claim).toMatchObject({ copy: "queued-1" });
  await Promise.all([alice, bob].map(({ gate }) => gate.close()));
});
