import type { SystemSnapshot, ProcessSnapshot } from "./system-snapshot.ts";

/**
 * What a machine has that it had not before: one fact a line, without the machine's name. Nothing
 * that comes and goes by itself.
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
 * Started by whoever asks over the bus, and ended by themselves when nobody has for half a minute.
 */
const END_BY_THEMSELVES = /^systemd-(?:hostnamed|timedated|localed)\.service$/;
/** Commands that come over SSH may run in it: then it says nothing of who started them. */
const OF_SSH = /^sshd?(?:@.*)?\.service$/;

function processes(before: SystemSnapshot, after: SystemSnapshot): string[] {
  // After a reboot all of them are new, and none is left of the test but what its system starts.
  if (before.boot !== after.boot) return [];
  const known = new Set(before.processes.map(({ pid }) => pid));
  const ran = new Set(before.processes.map(unitOf));
  const isExcused = (one: ProcessSnapshot): boolean => {
    const unit = unitOf(one);
    if (unit === undefined) return false;
    // A service that ran may have been started anew, or have taken on another worker.
    return ran.has(unit) || after.jobs.has(unit) || END_BY_THEMSELVES.test(unit);
  };
  return after.processes
    .filter((one) => !known.has(one.pid) && !isExcused(one))
    .map((one) => {
      const unit = unitOf(one);
      return `process ${one.pid} of ${one.user}${unit === undefined ? "" : `, ${unit}`}: ${short(one.args.join(" "))}`;
    });
}

/** The innermost service. */
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
