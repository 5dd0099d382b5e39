import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** There is nobody else on a fake machine: whoever is asked for, it is the same user. */
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

/** Its commands are those of this computer, and these would act on it. */
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

/** Puts in place what comes first on a machine's PATH. */
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
