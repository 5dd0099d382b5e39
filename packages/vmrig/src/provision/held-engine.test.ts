import { access, chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { identifyProcess, processState } from "../local-files/process-identity.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import { runTerraform, type TerraformRun } from "./terraform-run.ts";

/** Runs a Terraform that only leaves a file, and returns whether it is there when it has ended. */
async function hasStarted(
  onStart: () => Promise<void>,
  signal = new AbortController().signal,
): Promise<{ readonly error: unknown; readonly started: boolean }> {
  const folder = await tempFolder();
  const path = join(folder, "terraform");
  await writeFile(path, `#!/bin/sh\ntouch "${join(folder, "started")}"\n`);
  await chmod(path, 0o755);
  const identity = Promise.withResolvers<Awaited<ReturnType<typeof identifyProcess>>>();
  const run: TerraformRun = {
    args: ["apply"],
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "" },
    signal,
    timeoutMs: 60_000,
    async onStart(pid) {
      identity.resolve(await identifyProcess(pid));
      await onStart();
    },
  };
  const error = await runTerraform({ path, version: "1.11.4" }, run).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const engine = await identity.promise;
  await waitFor({
    what: "the end of Terraform",
    timeoutMs: 20_000,
    probe: async () => {
      const state = await processState(engine);
      return state === "ended" ? { value: undefined } : { seen: state };
    },
  });
  const started = await access(join(folder, "started")).then(
    () => true,
    () => false,
  );
  return { error, started };
}

test("Terraform gets one SIGTERM when its gate stops it and ends: a second one would lose the state", async () => {
  const folder = await tempFolder();
  const path = join(folder, "terraform");
  const signals = join(folder, "signals");
  // Waits for a second signal for a second after the first one.
  const stub = `#!/bin/sh
trap 'echo TERM >> "${signals}"; stopped=yes' TERM
touch "${join(folder, "ready")}"
until test "$stopped" = yes; do sleep 0.05; done
for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done
echo end >> "${signals}"
`;
  await writeFile(path, stub);
  await chmod(path, 0o755);
  const script = `
    import { access } from "node:fs/promises";
    import { runTerraform } from ${JSON.stringify(new URL("terraform-run.ts", import.meta.url).href)};
    const lease = new AbortController();
    const ready = async () => { try { await access(${JSON.stringify(join(folder, "ready"))}); return true; } catch { return false; } };
    runTerraform({ path: ${JSON.stringify(path)}, version: "1.11.4" }, {
      args: ["apply"], cwd: ${JSON.stringify(folder)}, env: { PATH: process.env.PATH }, signal: lease.signal, timeoutMs: 60_000,
    }).catch(() => {});
    while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 20));
    lease.abort(new Error("lease lost"));
    setTimeout(() => process.exit(), 100);`;
  await execa(process.execPath, ["--input-type=module", "--eval", script]);
  const lines = await waitFor({
    what: "the end of Terraform",
    timeoutMs: 30_000,
    probe: async () => {
      const text = await readFile(signals, "utf8").catch(() => "");
      return text.includes("end") ? { value: text.trim().split("\n") } : { seen: text };
    },
  });
  expect(lines).toEqual(["TERM", "end"]);
});

test("Terraform starts when its process is recorded", async () => {
  expect(await hasStarted(async () => {})).toEqual({ error: undefined, started: true });
});

test("Terraform does nothing when its process cannot be recorded, because no later run would wait for it", async () => {
  const full = new Error("no space left");
  const recording = async (): Promise<never> => {
    throw full;
  };
  expect(await hasStarted(recording)).toEqual({ error: full, started: false });
});

test("Terraform does nothing when the lease is lost while its process is recorded", async () => {
  const lease = new AbortController();
  const lost = new Error("lease lost");
  const recording = async (): Promise<void> => lease.abort(lost);
  expect(await hasStarted(recording, lease.signal)).toEqual({ error: lost, started: false });
});
