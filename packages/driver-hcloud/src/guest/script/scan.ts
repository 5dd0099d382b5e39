import { quote } from "./quote.ts";

/** Values that change by themselves. The last three differ in each boot. */
const VOLATILE = [
  "fs/(dentry-state|file-nr|inode-nr|inode-state|aio-nr|quota/.*)",
  "fs/binfmt_misc/.*",
  "kernel/(ns_last_pid|random/.*|pty/nr|hostname|domainname|perf_.*rate|sched_domain/.*)",
  "net/netfilter/nf_conntrack_(count|buckets)",
  "sunrpc/.*",
  "vm/(stat_refresh|.*_reserve_kbytes|compact_memory|drop_caches)",
  "net/core/netdev_rss_key",
  "net/ipv4/tcp_fastopen_key",
  "net/ipv6/conf/.*/stable_secret",
].join("|");

/** What the system itself keeps changing in /run. */
const LIVING = [
  "/run/user/*",
  "/run/credentials",
  "/run/log",
  "/run/sshd*",
  "/run/blkid",
  "/run/nextroot",
  "/run/motd*",
  "/run/utmp",
  "/run/nologin",
  "/run/systemd",
  "/run/tmpfiles.d",
  "/run/sysctl.d",
  "/run/modules-load.d",
  "/run/udev",
  "/run/cloud-init",
  "/run/lock",
  "/dev/pts",
  "/dev/char",
  "/dev/block",
  "/dev/disk",
  "/dev/fd",
  "/sys/fs/cgroup/*.slice",
  "/sys/fs/cgroup/*.scope",
  "/sys/fs/cgroup/*.mount",
  "/sys/fs/cgroup/*.service",
  "/sys/fs/cgroup/*.swap",
]
  .map((path) => `-path '${path}'`)
  .join(" -o ");

/** Configuration in /run: its content counts, which its size stands for. */
const CONFIG = [
  ...["system", "system.control", "system.attached", "transient", "network", "*.conf.d"].map(
    (folder) => `/run/systemd/${folder}`,
  ),
  "/run/udev/rules.d",
  "/run/sysctl.d",
  "/run/tmpfiles.d",
  "/run/modules-load.d",
].join(" ");

/**
 * Prints the state of the kernel and of the file systems in memory, one fact a line, sorted: what
 * neither a swap of the disk nor a soft reboot undoes. Runs few programs, because each one costs
 * 10 ms to 50 ms on an emulated machine. Every fact leads with its kind, see `Fact`.
 */
const FACTS = `facts() {
  local line words
  read -r line < /proc/version; echo "kernel $line"
  read -r line < /proc/cmdline; echo "cmdline $line"
  read -r line 2> /dev/null < /sys/kernel/kexec_loaded && echo "kexec $line"
  [[ ! -e /proc/modules ]] || while read -r line; do echo "module \${line%% *}"; done < /proc/modules
  # A key is followed by ":" and its value; a value of several lines repeats the key.
  grep -rs '' /proc/sys --exclude-dir=binfmt_misc --exclude=stat_refresh | grep -Ev '^/proc/sys/(${VOLATILE}):' | sed 's|^/proc/sys/|sysctl |'
  ip -d -o link | sed -E 's/^[0-9]+: /link /'
  ip -o addr | sed -nE '/ (dynamic|scope link) /!{s/^[0-9]+: /addr /;s/\\\\.*//;p}'
  { ip -o -4 route show table all | sed 's/^/-4 /'; ip -o -6 route show table all | sed 's/^/-6 /'; } 2> /dev/null |
    sed -nE '/ proto (kernel|dhcp|ra|redirect) /!{s/^/route /;s/ (dead|linkdown)//g;p}'
  { ip -4 rule | sed 's/^/-4 /'; ip -6 rule | sed 's/^/-6 /'; } 2> /dev/null | sed 's/^/rule /'
  ip -o neigh show nud permanent | sed 's/^/neigh /'
  # The kernel gives its own ones the handle 0.
  tc qdisc | sed -nE '/ (parent|0:) /!{s/ refcnt [0-9]+//;p}'
  # A socket of the system must not go before the soft reboot, so only configuration counts there.
  find /run /dev /dev/shm /dev/mqueue /sys/fs/bpf /run/netns -xdev \\( ${LIVING} \\) -prune -o -printf 'path %p %y -\\n' 2> /dev/null | grep -v '^path /dev/tty'
  find ${CONFIG} -type f -printf 'path %p %y %s\\n' -o ! -name 'session-*.scope*' -mindepth 1 -printf 'path %p %y -\\n' 2> /dev/null
  find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d \\( ${LIVING} \\) -prune -o -type d -mindepth 1 -maxdepth 1 -printf 'cgroup %p\\n' 2> /dev/null
  for line in /sys/block/*; do
    read -r words < $line/size && (( words > 0 )) && echo "block \${line##*/}"
  done
  while read -r line words; do [[ $line == Filename ]] || echo "swap $line"; done < /proc/swaps
  for line in shm msg sem; do
    while read -r -a words; do [[ \${words[0]} == key ]] || echo "ipc $line \${words[1]} \${words[0]}"; done < /proc/sysvipc/$line
  done
  nftables
}
# Rules, without their counters. Needs nft, which a machine may lack.
nftables() {
  [[ -d /sys/module/nf_tables ]] || return 0
  local rules; rules=$(nft --stateless list ruleset 2> /dev/null) || { echo 'nftables unread'; return 0; }
  [[ -z $rules ]] || echo "nftables $(sha256sum <<< "$rules")"
}
facts | sort -u
`;

/** `$SCAN` is the script for another bash, which may have another root. */
export const SCAN = `SCAN=${quote(FACTS)}\n`;

/**
 * Makes the clean root usable by `chroot`: the facts are read with its programs, because a test may
 * have changed those of the running root.
 */
export const ENTER_CLEAN = `enter_clean() {
  local point
  for point in proc sys dev run; do mount --rbind /$point "$1/$point"; done
}
`;
