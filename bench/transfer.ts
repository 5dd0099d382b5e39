import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMachine } from "../packages/vmrig/src/machine/create-machine.ts";
import { dial } from "../packages/vmrig/src/ssh/dial.ts";
import { startSshd } from "../packages/vmrig/src/ssh/fixtures/sshd.test.kit.ts";
import { median, medians, printReport, round, timed, type Samples } from "./report.ts";

const LARGE_BYTES = 64 * 1024 * 1024;
const SMALL_FILES = 5000;
const SMALL_BYTES = 1024;
const PER_FOLDER = 100;
/** A project: 5,400 entries, of which 600 are folders. */
const PROJECT_FILES = 4800;
const PROJECT_PER_FOLDER = 8;

const MEMORY = "/dev/shm";

/**
 * Measures uploads of 64 MiB in one file, and of 5,000 files of 1 KiB in 50 folders: vmrig, and
 * OpenSSH's and rsync's programs over a ControlMaster, so that the measured time contains no login.
 * Each copy goes to a new name. Also measures the first and the second upload of a project of 4,800
 * files in 600 folders to the same path.
 *
 * Uses memory, unless TMPDIR names a folder. Each copy is deleted before the next one, and an ext4
 * without a journal takes up to 0.8 ms for each new file to skip the inodes that were deleted in
 * the last minutes. How many it skips depends on where it begins to search.
 */
export async function transfer(runs: number): Promise<void> {
  if (existsSync(MEMORY)) process.env["TMPDIR"] ??= MEMORY;
  await using server = await startSshd({ config: "Subsystem sftp internal-sftp\n" });
  const { target, folder } = server;
  await using connection = await dial(target, { name: "pc1" });
  const machine = createMachine({
    name: "pc1",
    address: target.host,
    user: target.user,
    connect: async () => connection,
  });
  const here = await mkdtemp(join(tmpdir(), "vmrig-bench-"));
  const [key, known, socket, large, small, project] = [
    "key",
    "known",
    "socket",
    "large",
    "small",
    "project",
  ].map((name) => join(here, name)) as [string, string, string, string, string, string];
  const options = [
    "-F",
    "none",
    "-i",
    key,
    "-o",
    `UserKnownHostsFile=${known}`,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    `ControlPath=${socket}`,
  ];
  const who = `${target.user}@${target.host}`;
  const ssh = ["ssh", ...options, "-p", String(target.port)];
  const line = ssh.join(" ");
  try {
    await writeFile(key, target.privateKey, { mode: 0o600 });
    await writeFile(known, `[${target.host}]:${target.port} ${target.hostKey}\n`);
    await writeFile(large, randomBytes(LARGE_BYTES));
    await makeFiles(small, SMALL_FILES, PER_FOLDER);
    await makeFiles(project, PROJECT_FILES, PROJECT_PER_FOLDER);
    await run([...ssh, "-M", "-f", "-N", "-o", "ControlPersist=600", who]);

    const scp = ["scp", "-q", ...options, "-P", String(target.port)];
    const sftp = (command: string): Promise<void> =>
      shell(`echo '${command}' | sftp -q ${options.join(" ")} -P ${target.port} -b - ${who}`);
    const tar = (source: string, to: string): Promise<void> =>
      shell(`tar -c -f - -C ${source} . | ${line} ${who} 'mkdir ${to} && tar -x -f - -C ${to}'`);
    const rsync = (source: string, to: string): Promise<void> =>
      run(["rsync", "-a", "-e", line, source, `${who}:${to}`]);
    const withRsync = await run(["rsync", "--version"]).then(
      () => true,
      () => false,
    );
    if (!withRsync) console.log("rsync is not on PATH, so it is not measured");
    const sides: ReadonlyArray<readonly [string, (to: string) => Promise<unknown>]> = [
      ["vmrigLarge", (to) => machine.upload(large, to)],
      ["scpLarge", (to) => run([...scp, large, `${who}:${to}`])],
      ["sftpLarge", (to) => sftp(`put ${large} ${to}`)],
      [
        "tarLarge",
        (to) =>
          shell(
            `tar -c -f - -C ${here} large | ${line} ${who} 'mkdir ${to} && tar -x -f - -C ${to}'`,
          ),
      ],
      ...(withRsync ? ([["rsyncLarge", (to: string) => rsync(large, to)]] as const) : []),
      ["vmrigSmall", (to) => machine.upload(small, to)],
      ["scpSmall", (to) => run([...scp, "-r", small, `${who}:${to}`])],
      ["sftpSmall", (to) => sftp(`put -r ${small} ${to}`)],
      ["tarSmall", (to) => tar(small, to)],
      ...(withRsync ? ([["rsyncSmall", (to: string) => rsync(`${small}/`, to)]] as const) : []),
    ];
    const samples: Samples = {};
    const warmUp: Samples = {};
    // The first copy of each side does not count, because its code is not compiled yet.
    for (let turn = -1; turn < runs; turn++) {
      const first = Math.max(turn, 0) % sides.length;
      for (const [side, work] of [...sides.slice(first), ...sides.slice(0, first)]) {
        await timed(turn < 0 ? warmUp : samples, side, () => work(`${folder}/${side}`));
        await run([...ssh, who, `rm -rf ${folder}/${side}`]);
      }
      for (const side of ["vmrigFirst", "vmrigSecond"])
        await timed(turn < 0 ? warmUp : samples, side, () =>
          machine.upload(project, `${folder}/project`),
        );
      await run([...ssh, who, `rm -rf ${folder}/project`]);
    }
    await run([...ssh, "-O", "exit", who]);
    const best = (size: string): number =>
      Math.min(
        ...Object.keys(samples).flatMap((side) =>
          side.endsWith(size) && !side.startsWith("vmrig") ? median(samples[side] ?? []) : [],
        ),
      );
    const ratio = (size: string): number =>
      round(median(samples[`vmrig${size}`] ?? []) / best(size), 3);
    printReport({
      bench: "transfer",
      runs,
      ms: medians(samples),
      ratios: {
        large: ratio("Large"),
        small: ratio("Small"),
        second: round(
          median(samples["vmrigSecond"] ?? []) / median(samples["vmrigFirst"] ?? []),
          3,
        ),
      },
    });
  } finally {
    await rm(here, { recursive: true, force: true });
  }
}

async function makeFiles(root: string, files: number, perFolder: number): Promise<void> {
  await mkdir(root);
  for (let file = 0; file < files; file++) {
    const folder = join(root, `folder-${Math.floor(file / perFolder)}`);
    if (file % perFolder === 0) await mkdir(folder);
    await writeFile(join(folder, `file-${file}`), randomBytes(SMALL_BYTES));
  }
}

function shell(line: string): Promise<void> {
  return run(["sh", "-c", line]);
}

async function run([file = "", ...args]: readonly string[]): Promise<void> {
  const child = spawn(file, args, { stdio: ["ignore", "ignore", "ignore"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args.join(" ")}: exit ${code}`);
}
