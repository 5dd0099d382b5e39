import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { waitFor } from "../wait/wait-for.ts";
import { runTerraform } from "./terraform-run.ts";

/** A Terraform that notes each SIGTERM, and goes on. */
async function stubborn(): Promise<{
  readonly path: string;
  readonly notes: () => Promise<string>;
}> {
  const folder = await tempFolder();
  const path = join(folder, "terraform");
  const notes = join(folder, "notes");
  await writeFile(
    path,
    `#!/bin/sh\ntrap 'echo TERM >> ${notes}' TERM\necho "start $$" >> ${notes}\nwhile test ! -e ${folder}/end; do sleep 0.05; echo tick >> ${notes}; done\n`,
  );
  await chmod(path, 0o755);
  await writeFile(notes, "");
  onTestFinished(() => writeFile(join(folder, "end"), ""));
  return { path, notes: () => readFile(notes, "utf8") };
}

async function until(notes: () => Promise<string>, text: RegExp): Promise<void> {
  await waitFor({
    what: text.source,
    timeoutMs: 20_000,
    intervalMs: 20,
    probe: async () => {
      const seen = await notes();
      return text.test(seen) ? { value: true } : { seen };
    },
  });
}

test("a Terraform that was asked to stop gets no second SIGTERM when its gate dies: it would lose its state", async () => {
  const { path, notes } = await stubborn();
  const from = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
  import { createJiti } from ${JSON.stringify(import.meta.resolve("jiti"))};
  const jiti = createJiti(${from("terraform-run.ts")}, { fsCache: false });
  const { runTerraform } = await jiti.import(${from("terraform-run.ts")});
  const lease = new AbortController();
  process.on("SIGUSR2", () => lease.abort(new Error("lost")));
  await runTerraform({ path: ${JSON.stringify(path)} }, { args: ["apply"], cwd: "/", env: { PATH: process.env.PATH }, signal: lease.signal, timeoutMs: 60000 });`;
  const gate = execa(process.execPath, ["--input-type=module", "--eval", script], {
    reject: false,
  });
  onTestFinished(() => void gate.kill("SIGKILL"));
  await until(notes, /start/);
  gate.kill("SIGUSR2");
  await until(notes, /TERM/);

  gate.kill("SIGKILL");
  await gate;

  const before = await notes();
  await waitFor({
    what: "20 more rounds of the engine",
    timeoutMs: 20_000,
    intervalMs: 50,
    probe: async () => {
      const rounds = (await notes()).slice(before.length).split("tick").length;
      return rounds > 20 ? { value: true } : { seen: `${rounds}` };
    },
  });
  expect((await notes()).match(/TERM/g)).toHaveLength(1);
}, 60_000);

test("a lease that is lost while the engine is recorded stops the engine", async () => {
  const { path, notes } = await stubborn();
  const lease = new AbortController();
  const running = runTerraform({ path } as never, {
    args: ["apply"],
    cwd: "/",
    env: { PATH: process.env["PATH"] ?? "" },
    signal: lease.signal,
    timeoutMs: 60_000,
    onStart: async () => {
      await until(notes, /start/);
      lease.abort(new Error("lost"));
    },
  });
  running.catch(() => {});

  await expect(until(notes, /TERM/)).resolves.toBeUndefined();
}, 60_000);

test("an engine whose record cannot be written is stopped", async () => {
  const { path, notes } = await stubborn();
  const running = runTerraform({ path } as never, {
    args: ["apply"],
    cwd: "/",
    env: { PATH: process.env["PATH"] ?? "" },
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    onStart: async () => {
      await until(notes, /start/);
      throw new Error("disk full");
    },
  });
  running.catch(() => {});

  await expect(until(notes, /TERM/)).resolves.toBeUndefined();
}, 60_000);
