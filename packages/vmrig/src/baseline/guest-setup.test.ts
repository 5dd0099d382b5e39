import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateKeyPair } from "../ssh/keys.ts";
import { guestSetupScript, type GuestSetup } from "./guest-setup.ts";
import { asInput } from "./recipe-script.ts";
import { runShell, SHELLS } from "./shell.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

const trust = generateKeyPair();
const peers = [
  { name: "pc1", lanAddress: "10.77.0.11", hostKey: generateKeyPair().publicKey },
  { name: "pc2", lanAddress: "10.77.0.12", hostKey: generateKeyPair().publicKey },
];
const order: GuestSetup = { machine: "pc1", peers, trust, user: "vmrig", timers: "run" };

/**
 * Stand-ins for the commands that only root on a separate machine may run. They write a log
 * instead.
 */
const STAND_INS = `
log() { echo "$*" >> "$LOG"; }
hostname() { log hostname "$@"; }
chown() { log chown "$@"; }
systemctl() { log systemctl "$@"; }
install() { log install "$@"; }
`;

async function run(
  shell: string,
  sshd = "true",
): Promise<{ root: string; log: string; exitCode: number | undefined; stderr: string }> {
  const root = await tempFolder();
  for (const folder of ["etc", "home/vmrig/.ssh", "usr/lib/vmrig", "var/lib/vmrig"])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, "log"), "");
  // `chmod`, `mv` and the other commands are real. They run in a folder that stands for the
  // machine.
  const script = guestSetupScript(order).replaceAll(
    /(?<![\w/.])\/(etc|home|usr\/lib\/vmrig|var\/lib)\b/g,
    `${root}/$1`,
  );
  const input = asInput(`LOG=${root}/log${STAND_INS}sshd() { log sshd "$@"; ${sshd}; }\n${script}`);
  const { exitCode, stderr } = await runShell([shell, "-eu", "-s"], { cwd: root, input });
  return {
    root,
    log: (await readFile(join(root, "log"), "utf8")).replaceAll(root, ""),
    exitCode,
    stderr: stderr.toString(),
  };
}

test.each(SHELLS)("is a script that %s can parse", async (shell) => {
  const { exitCode, stderr } = await runShell([shell, "-n", "-c", guestSetupScript(order)], {
    cwd: "/",
  });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
});

test.each(SHELLS)(
  "gives a machine its name, its neighbours and their trust, in %s",
  async (shell) => {
    const { root, log, exitCode, stderr } = await run(shell);
    expect([exitCode, stderr]).toEqual([0, ""]);
    const text = (path: string): Promise<string> => readFile(join(root, path), "utf8");
    expect(await text("etc/hostname")).toBe("pc1\n");
    expect(await text("etc/hosts")).toBe(
      "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n10.77.0.11 pc1\n10.77.0.12 pc2\n",
    );
    expect(await text("etc/ssh/ssh_known_hosts")).toBe(
      `pc1,10.77.0.11 ${peers[0]?.hostKey}\npc2,10.77.0.12 ${peers[1]?.hostKey}\n`,
    );
    expect(await text("etc/ssh/authorized_keys.d/vmrig")).toBe(`${trust.publicKey} rig\n`);
    expect(await text("home/vmrig/.ssh/id_ed25519")).toBe(trust.privateKey);
    expect(await text("home/vmrig/.ssh/id_ed25519.pub")).toBe(`${trust.publicKey}\n`);
    expect((await stat(join(root, "home/vmrig/.ssh/id_ed25519"))).mode & 0o777).toBe(0o600);
    expect(log).toContain("hostname pc1\n");
    expect(log).toContain("chown vmrig:vmrig /home/vmrig/.ssh/id_ed25519.vmrig-new\n");
    expect(log).toContain("install -d -m 0755 -o vmrig -g vmrig /var/lib/vmrig\n");
    // Only the test user may set the clock.
    expect(log).toMatch(
      /install -m 4750 -o root -g vmrig \/\S*\/date \/usr\/lib\/vmrig\/step-clock\n/,
    );
  },
);

test("sshd checks its config before it is reloaded", async () => {
  const { log } = await run("/bin/sh");
  expect(log).toMatch(/sshd -t\n(.*\n)*systemctl reload ssh\.service\n/);
});

test("sshd's temporary rejection of clients is disabled where sshd has that option", async () => {
  const config = async (sshd: string): Promise<string> =>
    readFile(
      join((await run("/bin/sh", sshd)).root, "etc/ssh/sshd_config.d/20-vmrig.conf"),
      "utf8",
    );
  const old = await config('[ "$#" = 1 ]');
  expect(old).toContain("MaxSessions 200\n");
  expect(old).not.toContain("PerSourcePenalties");
  expect(await config("true")).toBe(`${old}PerSourcePenalties no\n`);
});

test("a config that sshd rejects ends the preparation", async () => {
  const { exitCode, log } = await run("/bin/sh", "return 255");
  expect(exitCode).toBe(255);
  expect(log).not.toContain("systemctl");
});
