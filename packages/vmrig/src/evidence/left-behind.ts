import type { SystemSnapshot, ProcessSnapshot } from "./system-snapshot.ts";

/**
 * Lists everything new on a machine, one fact per line, without the machine's name. Ignores
 * processes and files that come and go without a test.
 */
export function leftBehind(
  before: SystemSnapshot,
  after: SystemSnapshot,
  folder: string,
): string[] {
  return [
    ...processes(before, after),
    ...ports(before, after),
    ...files(before.files, after.files, folder),
  ];
}

/**
 * Services that a D-Bus request starts, and that end after half a minute without requests.
 */
const END_BY_THEMSELVES = /^systemd-(?:hostnamed|timedated|localed)\.service$/;
/** Commands over SSH may run in this unit, which then does not identify their origin. */
const OF_SSH = /^sshd?(?:@.*)?\.service$/;

function processes(before: SystemSnapshot, after: SystemSnapshot): string[] {
  // After a reboot all processes are new, and only those that the system starts remain.
  if (before.boot !== after.boot) return [];
  const known = new Set(before.processes.map(({ pid }) => pid));
  const ran = new Set(before.processes.map(unitOf));
  const isExcused = (one: ProcessSnapshot): boolean => {
    const unit = unitOf(one);
    if (unit === undefined) return false;
    // A service that ran before may have been restarted, or may have started another worker.
    return ran.has(unit) || after.jobs.has(unit) || END_BY_THEMSELVES.test(unit);
  };
  return after.processes
    .filter((one) => !known.has(one.pid) && !isExcused(one))
    .map((one) => {
      const unit = unitOf(one);
      return `process ${one.pid} of ${one.user}${unit === undefined ? "" : `, ${unit}`}: ${short(one.args.join(" "))}`;
    });
}

/** Returns the innermost service. */
function unitOf({ group }: ProcessSnapshot): string | undefined {
  const unit = group.split("/").findLast((part) => part.endsWith(".service"));
  return unit === undefined || OF_SSH.test(unit) || /^user@\d+\.service$/.test(unit)
    ? undefined
    : unit;
}

function ports(before: SystemSnapshot, after: SystemSnapshot): string[] {
  const name = ({ protocol, port, address }: SystemSnapshot["listeners"][number]): string =>
    `${protocol} port ${port} on ${address}`;
  const known = new Set(before.listeners.map(name));
  return after.listeners.map(name).filter((one) => !known.has(one));
}

function files(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  folder: string,
): string[] {
  const name = (path: string): string => `${folder}${path.slice(1)}`;
  return [
    ...[...after].flatMap(([path, state]) => {
      const was = before.get(path);
      return was === state ? [] : [`${name(path)} is ${was === undefined ? "new" : "changed"}`];
    }),
    ...[...before.keys()].filter((path) => !after.has(path)).map((path) => `${name(path)} is gone`),
  ].toSorted();
}

function short(line: string): string {
  return line.length > 120 ? `${line.slice(0, 120)} …` : line;
}
