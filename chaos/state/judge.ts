import type { Violation } from "../judge/violation.ts";
import { isCall, type CloudEvent } from "./cloud-events.ts";
import type { StoreEvent } from "./store-log.ts";
import { parseStateText, resourcesIn } from "./state-text.ts";

/** A machine of the cloud at the end: the resource that created it, `-` when it is incomplete. */
export interface LastMachine {
  readonly copy: string;
  readonly name: string;
  readonly resource: string;
}

/**
 * Checks the versions of each state: one chain, without a gap, a fork or a way back, in which fences
 * and serials never decrease, and no write of a smaller fence after a larger one was shown.
 */
export function judgeVersions(events: readonly StoreEvent[]): Violation[] {
  const violations: Violation[] = [];
  const largest = new Map<string, number>();
  const newest = new Map<string, StoreEvent & { kind: "version" }>();
  for (const event of events) {
    const { copy, fence } = event;
    const shown = largest.get(copy) ?? 0;
    if (event.kind === "fence") {
      largest.set(copy, Math.max(shown, fence));
      continue;
    }
    const before = newest.get(copy);
    const { version, write, text } = event;
    const report = (promise: Violation["promise"], what: string): void =>
      void violations.push({ promise, what: `version ${version} of ${copy} ${what}` });
    if (version === before?.version) {
      // A claim stores the newest version again, and a run repeats a write without an answer.
      if (write !== before.write || text !== before.text)
        report("one chain", `was written twice: by fence ${before.fence} and by fence ${fence}`);
      continue;
    }
    newest.set(copy, event);
    if (version !== (before?.version ?? 0) + 1)
      report("one chain", `follows version ${before?.version ?? 0}`);
    if (fence < shown) report("fenced", `was written by fence ${fence} after fence ${shown}`);
    if (before === undefined) continue;
    if (fence < before.fence)
      report("one chain", `has fence ${fence}, and the one before ${before.fence}`);
    const [old, next] = [parseStateText(before.text), parseStateText(text)];
    if (next.lineage !== old.lineage || next.serial < old.serial)
      report("one chain", `has serial ${next.serial}, and the one before ${old.serial}`);
  }
  return violations;
}

/** What the log says about a machine. `unsure`: a call was killed, or is in progress. */
type Known = { readonly is: "complete"; readonly memory: string } | { readonly is: "unsure" };

/**
 * Checks the calls to the cloud: a run that reports success has exactly the machines that it wants,
 * no run creates a machine that was complete when it looked, and on one computer no call of an
 * earlier run comes after a later run has looked.
 *
 * A call of an earlier run on another computer may come late: no lease reaches it there while its
 * gate is stopped. The checks do not apply to the run that it surprises.
 *
 * @param killedEngines sessions whose engine was killed, so that its last call went on alone
 */
export function judgeCalls(
  events: readonly CloudEvent[],
  killedEngines: ReadonlySet<string> = new Set(),
): { readonly violations: Violation[]; readonly lateCalls: number } {
  const violations: Violation[] = [];
  const machines = new Map<string, Map<string, Known>>();
  /** Complete machines when a run looked first, by fence. */
  const seen = new Map<number, Map<string, Known>>();
  const newest = new Map<string, CloudEvent>();
  const surprised = new Set<number>();
  let lateCalls = 0;
  const report = (promise: Violation["promise"], event: CloudEvent, what: string): void => {
    violations.push({ promise, what: `${describe(event)} ${what}` });
  };

  for (const event of events) {
    const { kind, copy, machine, memory, fence } = event;
    const known = machines.get(copy) ?? new Map<string, Known>();
    machines.set(copy, known);
    const later = newest.get(copy);
    const isLate = later !== undefined && later.fence > fence && isCall(event);
    if (isLate) {
      lateCalls++;
      surprised.add(later.fence);
      if (later.home === event.home && !killedEngines.has(event.session))
        report("fenced", event, `came after ${describe(later)}, on the same computer`);
    }
    switch (kind) {
      case "granted":
        break;
      case "inspected":
        if (!seen.has(fence)) {
          seen.set(fence, new Map(known));
          if (later === undefined || later.fence < fence) newest.set(copy, event);
        }
        break;
      case "creating":
        if (known.get(machine)?.is === "complete")
          report("no double", event, "replaced a complete machine");
        known.set(machine, { is: "unsure" });
        break;
      case "created":
      case "adopted":
        known.set(machine, { is: "complete", memory });
        break;
      case "refused":
        if (!isLate && seen.get(fence)?.get(machine)?.is === "complete" && !surprised.has(fence))
          report("no double", event, "found a machine that was complete when the run looked");
        break;
      case "destroying":
        if (known.has(machine)) known.set(machine, { is: "unsure" });
        break;
      case "destroyed":
        known.delete(machine);
        break;
      case "provisioned": {
        const wanted = memory.split(",").map((one) => one.split(":")[0]);
        // A call that was killed may have left nothing. If it left a machine, the end shows it.
        const found = [...known]
          .filter(([name, its]) => its.is === "complete" || wanted.includes(name))
          .map(([name, its]) => `${name}:${its.is === "complete" ? its.memory : its.is}`)
          .toSorted()
          .join(",");
        if (found !== memory && !surprised.has(fence))
          report("complete", event, `wanted ${memory}, and the cloud has ${found}`);
        break;
      }
    }
  }
  return { violations, lateCalls };
}

/** Checks at the end that the newest states and the cloud have the same machines. */
export function judgeEnd(
  events: readonly StoreEvent[],
  machines: readonly LastMachine[],
): Violation[] {
  const newest = new Map<string, string>();
  for (const event of events) if (event.kind === "version") newest.set(event.copy, event.text);
  const copies = new Set([...newest.keys(), ...machines.map(({ copy }) => copy)]);
  return [...copies].flatMap((copy) => {
    const resources = resourcesIn(newest.get(copy) ?? '{"resources":[]}');
    const own = machines.filter((machine) => machine.copy === copy);
    return [
      ...own
        .filter(({ name, resource }) => resources.get(name) !== resource)
        .map(
          ({ name, resource }) =>
            `${name} of ${copy} is resource ${resource}, and the state has ${resources.get(name) ?? "none"}`,
        ),
      ...[...resources.keys()]
        .filter((name) => !own.some((machine) => machine.name === name))
        .map((name) => `the state of ${copy} has ${name}, which does not exist`),
    ].map((what): Violation => ({ promise: "known", what }));
  });
}

function describe({ kind, session, home, fence, copy, machine, at }: CloudEvent): string {
  const where = machine === "-" ? copy : `${machine} of ${copy}`;
  return `${kind} of ${session} on ${home} (${where}, fence ${fence}, at ${at})`;
}
