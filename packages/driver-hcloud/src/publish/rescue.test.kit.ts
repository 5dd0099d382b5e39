import type { BackendServer, Boot, ServerBackend } from "@vmrig/hcloud-double";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { generateKeyPair } from "vmrig/driver";
import type { RescueAccess } from "./publish.ts";

/** Servers whose rescue system is a real sshd of this computer, and whose disk is a file. */
export interface RescueBackend extends ServerBackend {
  readonly access: RescueAccess;
  /** What happened to the servers: `start rescue`, `stop`, `copy`. */
  readonly events: readonly string[];
  /** Path of the disk that a snapshot contains. */
  snapshot(image: number): string;
  /** Text of a shell script that replaces a program of the rescue system. */
  replace(program: string, script: string): Promise<void>;
  /** Ends the rescue system and all its connections. */
  crash(): Promise<void>;
  /** Removes a replacement. */
  restore(program: string): Promise<void>;
  /** Whether a replacement has written the file `$0.started`. */
  hasRun(program: string): boolean;
}

const DISK_BYTES = 24 * 2 ** 20;

/**
 * What a regular file cannot do. The disk begins with other content everywhere, so that only what is
 * really zeroed is zero.
 */
const BLKDISCARD = `#!/bin/sh
for device; do :; done
case "$*" in
  *--zeroout*) device=$2; while [ $# -gt 1 ]; do [ "$1" = --length ] && length=$2; device=$2; shift; done
    head -c "$length" /dev/zero | dd of="$device" conv=notrunc status=none ;;
  *) exit 1 ;;
esac
`;

export async function startRescueBackend(folder: string): Promise<RescueBackend> {
  const bin = join(folder, "bin");
  const device = join(folder, "disk");
  const events: string[] = [];
  const port = await freePort();
  let sshd: ChildProcess | undefined;
  const replace = async (program: string, script: string): Promise<void> => {
    await writeFile(join(bin, program), script);
    await chmod(join(bin, program), 0o755);
  };
  const stop = async (): Promise<void> => {
    if (sshd?.pid === undefined || sshd.exitCode !== null || sshd.signalCode !== null) return;
    process.kill(-sshd.pid, "SIGKILL");
    await once(sshd, "close");
  };
  await mkdir(bin);
  await replace("blkdiscard", BLKDISCARD);
  await replace("blockdev", "#!/bin/sh\n");
  onTestFinished(stop);
  const snapshot = (image: number): string => join(folder, `image-${image}`);
  return {
    access: {
      device,
      login: () => ({ host: "127.0.0.1", port, user: userInfo().username }),
    },
    events,
    snapshot,
    crash: stop,
    replace,
    restore: (program) => rm(join(bin, program)),
    hasRun: (program) => existsSync(join(bin, `${program}.started`)),
    async writeImage() {
      await writeFile(device, Buffer.alloc(DISK_BYTES, "vendor"));
    },
    async start(_server: BackendServer, boot: Boot) {
      events.push(`start ${boot.from}`);
      if (boot.from === "rescue") sshd = await startSshd({ folder, bin, port, boot });
    },
    async stop() {
      events.push("stop");
      await stop();
    },
    shutDown: stop,
    reboot: async () => false,
    async changeNetworks() {},
    publicIpv4Range: "192.0.2.0/24",
    async resize() {},
    async copyDisk(_server, image) {
      events.push("copy");
      await copyFile(device, snapshot(image));
      return 0.1;
    },
    async remove() {
      await stop();
      await rm(device, { force: true });
    },
    async removeImage(image) {
      await rm(snapshot(image), { force: true });
    },
  };
}

interface Rescue {
  readonly folder: string;
  readonly bin: string;
  readonly port: number;
  readonly boot: Boot;
}

/** As root, in new namespaces: everything that it has started ends with it. */
async function startSshd({ folder, bin, port, boot }: Rescue): Promise<ChildProcess> {
  const file = (name: string): string => join(folder, name);
  await writeFile(file("host_key"), generateKeyPair().privateKey, { mode: 0o600 });
  await writeFile(file("authorized_keys"), boot.authorizedKeys.join("\n"));
  await writeFile(
    file("sshd_config"),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${file("host_key")}`,
      `AuthorizedKeysFile ${file("authorized_keys")}`,
      "AuthenticationMethods publickey",
      "UsePAM no",
      "StrictModes no",
      "PidFile none",
      "LogLevel VERBOSE",
      `SetEnv PATH=${bin}:/usr/bin:/bin:/usr/sbin:/sbin`,
      "",
    ].join("\n"),
  );
  const sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", file("sshd_config")];
  const namespaces = "unshare --mount --pid --fork --kill-child --mount-proc sh -c".split(" ");
  const start = 'mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd && exec "$@"';
  const inNamespaces = [...namespaces, start, "sh", ...sshd];
  const [program = "", ...args] = process.getuid?.() === 0 ? inNamespaces : sshd;
  return spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
