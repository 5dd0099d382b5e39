import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * `sudo` of a fake machine. The machine has only one user, so a command runs as that user,
 * whichever one is requested.
 */
const SUDO = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -u | -g) shift 2 || exit 1 ;;
    -n | -H | -E) shift ;;
    -i) cd && shift || exit 1 ;;
    --) shift; break ;;
    -*) echo "sudo: a fake machine does not know the option $1" >&2; exit 1 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || set -- sh
exec "$@"
`;

/**
 * Replacement for programs that would act on this computer, because a fake machine uses the
 * programs of this computer.
 */
const REFUSE = `#!/bin/sh
echo "\${0##*/}: this is a fake machine, it has no system of its own" >&2
exit 1
`;

const REFUSED = [
  "reboot poweroff halt shutdown init telinit systemctl service journalctl loginctl hostnamectl timedatectl hwclock",
  "apt apt-get dpkg dnf yum rpm zypper apk pacman snap brew",
  "sysctl modprobe mount umount ip nft iptables sshd crontab",
  "useradd usermod userdel adduser deluser groupadd passwd chpasswd visudo",
].flatMap((names) => names.split(" "));

/** Writes the programs that come first on a machine's PATH. */
export async function writeShims(bin: string, machine: string): Promise<void> {
  const hostname = `#!/bin/sh\n[ $# -eq 0 ] && exec echo ${machine}\n${REFUSE}`;
  const shims = [
    ["sudo", SUDO],
    ["hostname", hostname],
    ...REFUSED.map((name) => [name, REFUSE] as const),
  ] as const;
  await mkdir(bin);
  await Promise.all(shims.map(([name, text]) => writeFile(join(bin, name), text, { mode: 0o755 })));
}
