import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createOverlay } from "../disks/disks.ts";
import { rootPartition, type SystemImage } from "../disks/system-image.ts";
import type { DirectBoot } from "../process/command-line.ts";

const run = promisify(execFile);

/**
 * The rescue system's disk and the server's may be copies of one image, with one label and one
 * UUID. So the kernel is given its root by the device, no `fstab` is read, and the server's disk is
 * only looked for when the rescue system is up (see SHOW_DISK).
 */
const RESCUE_PARAMETERS = [
  "scsi_mod.scan=manual",
  "fstab=no",
  "cloud-init=disabled",
  "systemd.hostname=rescue",
  "panic=-1",
  // An emulated computer is slow.
  "systemd.default_device_timeout_sec=300",
  "systemd.default_timeout_start_sec=300",
];

/** The disk is there as soon as SSH answers. */
const SHOW_DISK = `[Service]
ExecStartPre=/bin/sh -c 'modprobe virtio_scsi; for scan in /sys/class/scsi_host/host*/scan; do echo "- - -" >$scan; done; udevadm wait --timeout=120 /dev/sda'
`;

/** A Linux system that runs beside the server's disk. Each boot has a fresh disk and host key. */
export interface RescueSystem {
  readonly image: SystemImage;
  /** Device of its root: `/dev/vda3`. */
  readonly root: string;
}

export async function rescueSystem(image: SystemImage, folder: string): Promise<RescueSystem> {
  const partition = await rootPartition(image.disk, join(folder, "partitions"));
  return { image, root: `/dev/vda${partition ?? ""}` };
}

/** Writes the files of one boot. */
export async function prepareRescue(
  { image, root }: RescueSystem,
  folder: string,
  authorizedKeys: readonly string[],
): Promise<DirectBoot> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const disk = join(folder, "disk.qcow2");
  await createOverlay(image.disk, disk);
  const credentials = join(folder, "credentials");
  await mkdir(credentials);
  const all = new Map([
    ["tmpfiles.extra", rescueFiles(await newHostKey(folder), authorizedKeys)],
    ["systemd.unit-dropin.ssh.service", SHOW_DISK],
  ]);
  const files: string[] = [];
  for (const [credential, value] of all) {
    const file = join(credentials, credential);
    const encoded = Buffer.from(value).toString("base64");
    await writeFile(file, `io.systemd.credential.binary:${credential}=${encoded}`, { mode: 0o600 });
    files.push(file);
  }
  const console = process.arch === "arm64" ? "ttyAMA0" : "ttyS0";
  const append = image.append.replace(/(?<=^|\s)root=\S+/, `root=${root}`);
  return {
    kernel: image.kernel,
    initrd: image.initrd,
    append: [append, `console=${console}`, ...RESCUE_PARAMETERS].join(" "),
    disk,
    credentials: files,
  };
}

interface HostKey {
  readonly secret: string;
  readonly public: string;
}

async function newHostKey(folder: string): Promise<HostKey> {
  const file = join(folder, "host_key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "rescue", "-f", file]);
  return {
    secret: await readFile(file, "utf8"),
    public: await readFile(`${file}.pub`, "utf8"),
  };
}

/** Lines of tmpfiles.d(5). */
function rescueFiles(hostKey: HostKey, authorizedKeys: readonly string[]): string {
  const file = (path: string, mode: string, content: string) =>
    `f+~ ${path} ${mode} root root - ${Buffer.from(content).toString("base64")}`;
  const keys = authorizedKeys.map((key) => `${key}\n`).join("");
  return [
    "d /root/.ssh 0700 root root -",
    file("/root/.ssh/authorized_keys", "0600", keys),
    // The first value counts: whatever the image says.
    file("/etc/ssh/sshd_config.d/00-rescue.conf", "0644", "PermitRootLogin prohibit-password\n"),
    file("/etc/ssh/ssh_host_ed25519_key", "0600", hostKey.secret),
    file("/etc/ssh/ssh_host_ed25519_key.pub", "0644", hostKey.public),
    "",
  ].join("\n");
}
