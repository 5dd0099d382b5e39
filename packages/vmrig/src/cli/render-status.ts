import { toDate } from "../clock/real-time.ts";
import type { CopyStatus, MachineView, RigStatus, Waiting } from "../operations/rig-status.ts";
import { inDays } from "../gate/copies/baseline-age.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { describeHolder } from "../lease/holder.ts";
import { costLines } from "./render-costs.ts";
import { alignColumns } from "./columns.ts";

/**
 * Formats the status as text, one fact per line, in columns.
 *
 * @param now Milliseconds since the epoch.
 */
export function renderStatus(status: RigStatus, now: number): string {
  const { rig, redis, copies, unreachable, costs, queue } = status;
  const lines = [
    `rig      ${rig}: ${copies.length === 1 ? "1 copy" : `${copies.length} copies`}, leases in ${redis.address}`,
    ...(redis.running ? [] : ["redis    no leases: the embedded Redis is not running"]),
  ];
  if (unreachable !== undefined) lines.push(`account  machines and costs unknown: ${unreachable}`);
  for (const copy of copies) lines.push(...copyLines(copy, now));
  lines.push("");
  if (costs !== undefined && unreachable === undefined) lines.push(...costsOf(costs, copies), "");
  if (queue.length === 0) lines.push("queue    empty");
  for (const waiting of queue) lines.push(waitingLine(waiting, copies.length, now));
  return `${lines.join("\n")}\n`;
}

function costsOf(costs: NonNullable<RigStatus["costs"]>, copies: RigStatus["copies"]): string[] {
  if ("unreachable" in costs) return [`cost     unknown: ${costs.unreachable}`];
  const off = copies.some(({ machines }) => machines.some(({ power }) => power === "off"));
  return [...costLines(costs), ...(off ? ["  machines that are off are billed, too"] : [])];
}

/** Returns a string that changes with the status, but not with time alone. */
export function shapeOf({ copies, queue, ...rest }: RigStatus): string {
  return JSON.stringify({
    ...rest,
    copies: copies.map(
      ({ since: _since, expires: _expires, lastUsed: _lastUsed, ...copy }) => copy,
    ),
    queue: queue.map(({ since: _since, ...waiting }) => waiting),
  });
}

function copyLines(copy: CopyStatus, now: number): string[] {
  const { terraform, applying, fence, machines, broken, elsewhere } = copy;
  const state =
    terraform === undefined
      ? "no Terraform state"
      : `Terraform state version ${terraform.version}${applying.length === 0 ? "" : `, apply of ${applying.join(", ")} not completed`}`;
  return [
    "",
    `${copy.copy.padEnd(8)} ${leaseState(copy, now)}`,
    ...(broken === undefined
      ? []
      : [`  broken   for ${since(broken.since, now)}: ${broken.cause}`]),
    ...(elsewhere === undefined ? [] : [`  in another container: ${elsewhere}`]),
    ...alignColumns(machines.map((machine) => machineRow(machine, now))).map((row) => `  ${row}`),
    `  ${state}; ${fence === 0 ? "no fence yet" : `fence ${fence}`}`,
  ];
}

function leaseState(
  { state, holder, since: from, expires, retained, broken, lastUsed }: CopyStatus,
  now: number,
): string {
  const used = lastUsed === undefined ? "" : `, last used ${since(lastUsed, now)} ago`;
  if (holder === undefined)
    return `${broken === undefined ? "free" : "free, but skipped by runs"}${used}`;
  const until =
    expires === undefined ? "without an expiry" : `expires in ${left(expires, now)} unless renewed`;
  if (retained !== undefined) {
    const whose = retained.yours
      ? ": log in with `vmrig ssh`, release it with `vmrig release`"
      : "";
    const time = `until ${timeOf(retained.until)}, for another ${left(retained.until, now)}`;
    return `retained by ${describeHolder({ ...holder, command: "" })} ${retained.why} ${time}${whose}`;
  }
  return `${state} by ${describeHolder(holder)}${from === undefined ? "" : ` for ${since(from, now)}`}, ${until}`;
}

function machineRow(machine: MachineView, now: number): string[] {
  const { name, power, address, baseline, location, incomplete, unreadable } = machine;
  const fault = incomplete ? ", incomplete" : unreadable === undefined ? "" : ", unreadable";
  const at = address === undefined ? "-" : `${address.host}:${address.port}`;
  return [
    name,
    `${power}${fault}`,
    at,
    `${BASELINES[baseline]}${ageOf(machine, now)}`,
    location ?? "",
  ];
}

const DAY_MS = 86_400_000;

/** How long ago the packages of a baseline were the newest ones: see `baseline.maxAge`. */
function ageOf({ baseline, upToDate }: MachineView, now: number): string {
  if (baseline === "none" || upToDate === undefined) return "";
  const age = now - toDate(upToDate).getTime();
  return `, ${age < 2 * DAY_MS ? formatDuration(age) : inDays(age)} old`;
}

const BASELINES = {
  current: "baseline current",
  other: "baseline of another config",
  none: "no baseline",
  unknown: "baseline of unknown age",
} as const satisfies Record<MachineView["baseline"], string>;

function waitingLine(
  { position, holder, since: from, extra, accepts }: Waiting,
  copies: number,
  now: number,
): string {
  const only = accepts.length === copies ? "" : `, for ${accepts.join(" or ")} only`;
  return `queue    ${position}. ${describeHolder(holder)} waits for ${since(from, now)}${extra ? ", for one more copy" : ""}${only}`;
}

function since(from: string, now: number): string {
  return formatDuration(now - toDate(from).getTime());
}

function left(until: string, now: number): string {
  return formatDuration(toDate(until).getTime() - now);
}

function timeOf(point: string): string {
  return toDate(point).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
