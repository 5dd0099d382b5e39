import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMachine } from "../packages/vmrig/src/machine/create-machine.ts";
import { dial } from "../packages/vmrig/src/ssh/dial.ts";
import { startSshd } from "../packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts";
import type { SshTarget } from "../packages/vmrig/src/ssh/ssh-target.ts";
import { connectRaw, execRaw } from "./raw.ts";
import { median, printReport, round, type Samples } from "./report.ts";

const COMMANDS = 50;

/**
 * Measures one command on an open connection: vmrig, plain ssh2, and OpenSSH's client over a
 * ControlMaster. Each run has 50 commands of each side. The sides alternate, and so does the side
 * that goes first.
 */
export async function exec(runs: number): Promise<void> {
  await using server = await startSshd();
  const { target } = server;
  await using connection = await dial(target, { name: "pc1" });
  const machine = createMachine({
    name: "pc1",
    address: target.host,
    user: target.user,
    connect: async () => connection,
  });
  const raw = await connectRaw(target);
  // By default ssh2 waits for the peer's delayed acknowledgements, 40 ms each, which would favour
  // vmrig. So TCP_NODELAY makes ssh2 as fast as possible.
  raw.setNoDelay(true);
  await using master = await openMaster(target);
  const sides: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
    ["vmrig", async () => machine.$`echo ${"hello"}`],
    ["ssh2", () => execRaw(raw, "echo 'hello'")],
    ["controlMaster", () => master.run("echo 'hello'")],
  ];
  const samples: Samples = Object.fromEntries(sides.map(([side]) => [side, []]));
  // The first commands of each side do not count, because their code is not compiled yet.
  for (let turn = -1; turn < runs; turn++) {
    for (let command = 0; command < COMMANDS; command++) {
      // In both directions: the side after the ControlMaster, whose process is still ending, is
      // slower.
      const first = command % sides.length;
      const turned = [...sides.slice(first), ...sides.slice(0, first)];
      for (const [side, work] of command % 2 === 0 ? turned : turned.toReversed()) {
        const start = performance.now();
        await work();
        if (turn >= 0) samples[side]?.push(performance.now() - start);
      }
    }
    if (turn >= 0)
      console.log(
        sides
          .map(([side]) => `${side} ${median(samples[side]?.slice(-COMMANDS) ?? []).toFixed(2)} ms`)
          .join("   "),
      );
  }
  raw.end();
  const of = (side: string): number => median(samples[side] ?? []);
  printReport({
    bench: "exec",
    runs,
    ms: Object.fromEntries(sides.map(([side]) => [side, round(of(side), 2)])),
    ratios: {
      toSsh2: round(of("vmrig") / of("ssh2"), 3),
      toControlMaster: round(of("vmrig") / of("controlMaster"), 3),
    },
  });
}

interface Master extends AsyncDisposable {
  run(line: string): Promise<void>;
}

/** Starts OpenSSH's client with a persistent connection, over which others run commands. */
async function openMaster({ host, port, user, privateKey, hostKey }: SshTarget): Promise<Master> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  const [key, known, socket] = ["key", "known", "socket"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(key, privateKey, { mode: 0o600 });
  await writeFile(known, `[${host}]:${port} ${hostKey}\n`);
  const where = ["-F", "none", "-S", socket, "-p", String(port), "-l", user];
  const login = [
    "-i",
    key,
    "-o",
    `UserKnownHostsFile=${known}`,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "ControlPersist=600",
  ];
  await ssh([...where, ...login, "-M", "-f", "-N", host]);
  return {
    run: (line) => ssh([...where, host, line]),
    async [Symbol.asyncDispose]() {
      await ssh([...where, "-O", "exit", host]);
      await rm(folder, { recursive: true });
    },
  };
}

async function ssh(words: readonly string[]): Promise<void> {
  const child = spawn("ssh", words, { stdio: ["ignore", "ignore", "ignore"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`ssh ${words.join(" ")}: exit ${code}`);
}
