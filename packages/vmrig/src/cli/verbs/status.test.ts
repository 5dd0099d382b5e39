import { readdir } from "node:fs/promises";
import { expect } from "vitest";
import type { RigStatus } from "../../operations/rig-status.ts";
import { says, test } from "../test-cli.test.kit.ts";

test("status starts and creates nothing", async ({ cli }) => {
  const { exitCode, stdout, stderr } = await cli.start(["status"]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^redis {4}no leases: the embedded Redis is not running$/m);
  expect(stdout).toMatch(/^ {2}pc1 {3}absent/m);
  expect([await readdir(cli.folders.state), await readdir(cli.folders.runtime)]).toEqual([[], []]);
});

test("with one holder and two waiters it shows all three, the machines and the state, and follows their changes", async ({
  cli,
}) => {
  const alice = cli.run("alice");
  const { fence } = await alice.gate.claim("file");
  const bobs = cli.run("bob");
  const bob = bobs.gate.claim("file");
  await bobs.says(/^wait .* you are next/);
  const carols = cli.run("carol");
  const carol = carols.gate.claim("file");
  await carols.says(/^wait .* you are 2nd in the queue/);

  const watching = cli.start(["status", "--watch"]);
  const shown = says(watching, /1\. bob@laptop.*\n.*2\. carol@laptop/);
  const handedOn = says(watching, /held by bob@laptop[^]*1\. carol@laptop/);
  const { exitCode, stdout } = await cli.start(["status"]);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^pcs-1 {4}held by alice@laptop \(vitest run\) for \d.* s, expires in \d+ s unless renewed$/m,
  );
  expect(stdout).toMatch(
    /^ {2}pc1 {3}running {3}127\.0\.0\.1:\d+ {3}baseline current, [\d.]+ (?:s|min) old {3}pid \d+/m,
  );
  expect(stdout).toMatch(new RegExp(`^ {2}Terraform state version \\d+; fence ${fence}$`, "m"));
  expect(stdout).toMatch(
    /^queue {4}1\. bob@laptop \(vitest run\) waits for .*\nqueue {4}2\. carol@laptop \(vitest run\) waits for .*\n$/m,
  );

  const { stdout: json } = await cli.start(["status", "--json"]);
  const status = JSON.parse(json) as RigStatus;
  expect(status).toMatchObject({
    rig: "pcs",
    redis: { running: true },
    copies: [
      {
        copy: "pcs-1",
        state: "held",
        fence,
        holder: {
          who: "alice",
          host: "laptop",
          command: "vitest run",
          session: "session of alice",
        },
        terraform: { version: expect.any(Number) as unknown },
        applying: [],
        machines: [
          {
            name: "pc1",
            power: "running",
            baseline: "current",
            upToDate: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
            snapshots: expect.arrayContaining(["pristine"]) as unknown,
          },
          { name: "pc2", power: "running", baseline: "current" },
        ],
      },
    ],
    queue: [
      { position: 1, holder: { who: "bob" }, extra: false, accepts: ["pcs-1"] },
      { position: 2, holder: { who: "carol" } },
    ],
  });
  expect(Date.parse(status.copies[0]?.since ?? "")).toBeLessThan(
    Date.parse(status.copies[0]?.expires ?? ""),
  );

  await shown;
  await alice.gate.close();
  await bob;
  await handedOn;
  watching.kill("SIGINT");
  expect((await watching).exitCode).toBe(130);
  // oxlint-disable-next-line no-control-regex -- whole lines where there is no terminal
  expect((await watching).stdout).not.toMatch(/\u001b/);
  await bobs.gate.close();
  await carol;
});
