import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { generateKeyPair, VmrigError, waitFor } from "vmrig/driver";
import { z } from "zod";
import type { RootShell, ShellOptions, ShellResult } from "./root-shell.ts";

const run = promisify(execFile);

/** An emulated machine of the user's image, with a control key for root. */
export interface TestMachine extends AsyncDisposable {
  readonly shell: RootShell;
  /** Ends the connection, and returns a shell that logs in again. */
  readonly reconnect: (signal: AbortSignal) => Promise<RootShell>;
  /** Runs a bash script that must succeed, and returns its output. */
  readonly bash: (script: string) => Promise<string>;
  /** Resets the machine without a word to its system, and waits for the next boot's SSH. */
  readonly cutPower: () => Promise<void>;
}

const IMAGE = z.object({
  disk: z.string(),
  kernel: z.string(),
  initrd: z.string(),
  append: z.string(),
});

/** Boots a machine, which ends with this process. */
export async function bootTestMachine(): Promise<TestMachine> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-guest-"));
  const cache = process.env["VMRIG_CACHE"] ?? join(homedir(), ".cache", "vmrig");
  const images = join(cache, "images", "debian-13");
  const image = IMAGE.parse(JSON.parse(await readFile(join(images, "image.json"), "utf8")));
  const disk = join(folder, "disk.qcow2");
  const backing = ["-F", "qcow2", "-b", join(images, image.disk)];
  await run("qemu-img", ["create", "-q", "-f", "qcow2", ...backing, disk]);
  const hostKey = generateKeyPair();
  const rootKey = generateKeyPair();
  await writeFile(join(folder, "key"), rootKey.privateKey, { mode: 0o600 });
  await writeFile(join(folder, "credential"), credential(hostKey, rootKey.publicKey));
  const port = await freePort();
  await writeFile(join(folder, "known_hosts"), `[127.0.0.1]:${port} ${hostKey.publicKey}\n`);
  await mkdir(join(folder, "home"));
  const qemu = spawn(
    "setpriv",
    ["--pdeathsig", "KILL", "qemu-system-x86_64", ...qemuArguments(folder, port)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );

  function qemuArguments(at: string, forwarded: number): string[] {
    return [
      ...["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1"],
      ...["-m", "512", "-nodefaults", "-no-user-config", "-display", "none"],
      ...["-serial", `file:${join(at, "console")}`],
      ...["-kernel", join(images, image.kernel), "-initrd", join(images, image.initrd)],
      ...["-append", `${image.append} console=ttyS0 quiet panic=-1 ${EMULATED}`],
      ...["-drive", `file=${disk},if=virtio,discard=unmap`],
      ...["-netdev", `user,id=nat,hostfwd=tcp:127.0.0.1:${forwarded}-:22`],
      ...["-device", "virtio-net-pci,netdev=nat,romfile=", "-device", "virtio-rng-pci"],
      ...["-smbios", `type=11,path=${join(at, "credential")}`],
      ...["-qmp", `unix:${join(at, "qmp")},server=on,wait=off`],
    ];
  }

  const ssh = [
    ...["-q", "-i", join(folder, "key"), "-p", String(port), "-o", "IdentitiesOnly=yes"],
    ...["-o", `UserKnownHostsFile=${join(folder, "known_hosts")}`, "-o", "ConnectTimeout=10"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", "ServerAliveInterval=5"],
    ...["-o", "ControlMaster=auto", "-o", `ControlPath=${join(folder, "ssh")}`],
    ...["-o", "ControlPersist=60", "root@127.0.0.1"],
  ];
  const shell: RootShell = { run: (script, options) => runOver(ssh, script, options) };
  const endConnection = async (): Promise<void> => {
    await run("ssh", ["-O", "exit", ...ssh]).catch(() => {}); // no connection
  };
  const reconnect = async (): Promise<RootShell> => {
    await endConnection();
    return shell;
  };
  const booted = async (): Promise<void> => {
    await waitFor({
      what: "SSH",
      timeoutMs: 200_000,
      intervalMs: 500,
      probe: async (signal) => {
        await endConnection();
        const { code } = await shell
          .run("systemctl is-system-running --wait; true", { timeoutMs: 60_000, signal })
          .catch(() => ({ code: 255 }));
        return code === 0 ? { value: undefined } : { seen: `ssh ended with ${code}` };
      },
    });
  };
  const machine: TestMachine = {
    shell,
    reconnect,
    bash: async (script) => {
      const signal = AbortSignal.timeout(120_000);
      const { code, stdout, stderr } = await shell.run(script, { timeoutMs: 120_000, signal });
      if (code !== 0) throw new Error(`the script ended with ${code}: ${stdout}${stderr}`);
      return stdout;
    },
    cutPower: async () => {
      const qmp = connect(join(folder, "qmp"));
      qmp.write(`{"execute":"qmp_capabilities"}\n{"execute":"system_reset"}\n`);
      for await (const chunk of qmp) if (String(chunk).includes('"RESET"')) break;
      await booted();
    },
    [Symbol.asyncDispose]: async () => {
      await endConnection();
      const ended = once(qemu, "exit");
      if (qemu.exitCode === null && qemu.kill("SIGKILL")) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await booted();
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
  return machine;
}

/** An emulated clock is slow, and a busy computer slower. */
const EMULATED = "tsc=unstable systemd.default_device_timeout_sec=300";

function credential(host: { privateKey: string; publicKey: string }, rootKey: string): string {
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const file = (path: string, mode: string, text: string): string =>
    `f+~ ${path} ${mode} root root - ${encode(text)}\n`;
  const files = [
    file("/etc/ssh/ssh_host_ed25519_key", "0600", host.privateKey),
    file("/etc/ssh/ssh_host_ed25519_key.pub", "0644", `${host.publicKey}\n`),
    "d /root/.ssh 0700 root root -\n",
    file("/root/.ssh/authorized_keys", "0600", `${rootKey}\n`),
    file("/etc/ssh/sshd_config.d/00-control.conf", "0644", "PermitRootLogin prohibit-password\n"),
  ];
  return `io.systemd.credential.binary:tmpfiles.extra=${encode(files.join(""))}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Runs a script over SSH. The program of ssh ends with 255 when the connection is lost. */
async function runOver(
  ssh: readonly string[],
  script: string,
  { args = [], timeoutMs, signal }: ShellOptions,
): Promise<ShellResult> {
  const quoted = args.map((arg) => `'${arg.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const process = spawn("ssh", [...ssh, `bash -s -- ${quoted}`], {
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  process.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  process.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  process.stdin.on("error", () => {}); // the connection was lost
  process.stdin.end(script);
  const ended = await once(process, "close");
  const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(ended);
  if (code === 255 || code === null)
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: `SSH ended with ${code}: ${stderr.trim()}`,
    });
  return { code, stdout, stderr };
}
