import { HOLD_TIMERS, RELEASE_TIMERS, timerProgramsScript } from "./timers.ts";

/** First word of the lines that {@link finishUpgrade} prints for vmrig. */
export const MARK = "vmrig-upgrade";

/** Files of an upgrade. Gone after a boot. */
const WORK = "/run/vmrig-upgrade";
const NEEDED = "apt-get apt-mark dpkg-query systemctl";

const LIST = `dpkg-query -W -f '\${db:Status-Abbrev} \${binary:Package} \${Version}\\n'`;

/** Packages with the parts of a kernel, in Debian and Ubuntu. */
const KERNEL = "linux-image-* linux-modules-*";
const IS_KERNEL = "linux-(image|modules)-";

/**
 * Answers for every question that apt, dpkg and the packages could ask. A configuration file that
 * was changed on the machine stays as it is.
 */
const UNATTENDED = [
  "export DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none",
  // Ubuntu asks which services to restart.
  "export NEEDRESTART_MODE=a UCF_FORCE_CONFFOLD=1",
].join("\n");
const KEEP_CONFFILES =
  "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120";

/** Prints the missing programs, on a machine that does not use apt. Changes nothing. */
export function checkApt(): string {
  return `for program in ${NEEDED}; do command -v "$program" >/dev/null || echo "${MARK} missing $program"; done`;
}

/**
 * Sets the clock, which shows the time of the pristine snapshot. apt's own timers would run because
 * of that, and lock the package lists.
 */
export function beginUpgrade(now: number): string {
  return [
    `rm -rf ${WORK}`,
    `mkdir -m 0700 ${WORK}`,
    `${LIST} > ${WORK}/before`,
    `ls /var/lib/apt/lists 2>/dev/null | grep -q _ || touch ${WORK}/no-lists`,
    timerProgramsScript(),
    HOLD_TIMERS,
    `date -s @${(now / 1000).toFixed(3)} >/dev/null`,
    "systemctl stop apt-daily.service apt-daily-upgrade.service 2>/dev/null || true",
  ].join("\n");
}

/**
 * Reads the package lists. Fails where apt would only print a warning and use its old lists, or has
 * no source at all.
 */
export function readPackageLists(): string {
  return [
    UNATTENDED,
    "code=0",
    `apt-get update -q -o APT::Update::Error-Mode=any -o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 > ${WORK}/update 2>&1 || code=$?`,
    `cat ${WORK}/update`,
    // Before version 2.1.12, apt does not know that error mode.
    `if grep -q '^[WE]: .*[Ff]ailed to fetch' ${WORK}/update; then exit 100; fi`,
    "[ $code = 0 ] || exit $code",
    // Without a source, apt has nothing to do. It lists only sources that it has read.
    `if [ -z "$(apt-get indextargets --format '$(URI)' 'Created-By: Packages')" ]; then echo 'apt has no package source on this machine' >&2; exit 1; fi`,
  ].join("\n");
}

/** Upgrades all packages, or all but the kernel. */
export function upgradePackages({ keepKernel }: { readonly keepKernel: boolean }): string {
  const upgrade = `apt-get full-upgrade -yq ${KEEP_CONFFILES}`;
  if (!keepKernel) return [UNATTENDED, upgrade].join("\n");
  return [
    UNATTENDED,
    // A package that the machine holds already stays held.
    `kernel=$(dpkg-query -W -f '\${db:Status-Abbrev} \${binary:Package}\\n' ${quoted(KERNEL)} 2>/dev/null | awk '$1 == "ii" { print $2 }')`,
    `[ -z "$kernel" ] || apt-mark hold $kernel`,
    upgrade,
    `[ -z "$kernel" ] || apt-mark unhold $kernel`,
  ].join("\n");
}

/**
 * Prints what was upgraded, what was kept, and why the machine needs a reboot. Removes all that the
 * upgrade left beside the packages.
 */
export function finishUpgrade({ keepKernel }: { readonly keepKernel: boolean }): string {
  const kernelChanged = `if grep -Eq '^${IS_KERNEL}' ${WORK}/changed; then because 'its kernel was upgraded'; fi`;
  const kept = `apt-get full-upgrade -sq ${KEEP_CONFFILES} | awk '/^Inst ${IS_KERNEL}/ { print "${MARK} kept", $2 }'`;
  return [
    `because() { echo "${MARK} because $*"; }`,
    `${LIST} > ${WORK}/after`,
    `sort ${WORK}/before ${WORK}/after | uniq -u | awk '{ print $2 }' | sort -u > ${WORK}/changed`,
    `echo "${MARK} changed $(wc -l < ${WORK}/changed)"`,
    keepKernel ? kept : kernelChanged,
    `if [ -s ${WORK}/changed ]; then`,
    "  if [ -e /run/reboot-required ]; then because 'a package asks for it: /run/reboot-required'; fi",
    // As needrestart does: a program or library that dpkg replaced is still in use. A session ends
    // with this connection.
    `  stale=$(for maps in $(grep -lsE ' r-xp .* /(usr|lib|lib64|bin|sbin)/.* \\(deleted\\)$' /proc/[0-9]*/maps); do`,
    '    grep -qs user.slice "${maps%/maps}/cgroup" || cat "${maps%/maps}/comm" 2>/dev/null || true',
    "  done | sort -u | head -n 5)",
    `  if [ -n "$stale" ]; then because "$(echo $stale) still ran replaced files"; fi`,
    "fi",
    "apt-get clean",
    `if [ -e ${WORK}/no-lists ]; then rm -rf /var/lib/apt/lists/*; fi`,
    RELEASE_TIMERS,
    // `prepare` decides which machines have them.
    `rm ${HOLD_TIMERS} ${RELEASE_TIMERS}`,
    `rmdir --ignore-fail-on-non-empty ${HOLD_TIMERS.slice(0, HOLD_TIMERS.lastIndexOf("/"))}`,
    `rm -rf ${WORK}`,
    "sync",
  ].join("\n");
}

function quoted(patterns: string): string {
  return patterns
    .split(" ")
    .map((pattern) => `'${pattern}'`)
    .join(" ");
}
