import { appendFileSync } from "node:fs";

const CALLS = ["creating", "created", "adopted", "refused", "destroying", "destroyed"] as const;
const STEPS = ["granted", "inspected", "provisioned"] as const;

/**
 * A row of the event log of the state suite. Calls to the cloud write their rows themselves: before
 * they change a machine, and when they are done. A run writes one when it got a lease, each time
 * when vmrig asked for the machines, and when vmrig reported success.
 */
export interface CloudEvent {
  readonly kind: (typeof CALLS)[number] | (typeof STEPS)[number];
  readonly at: number;
  readonly session: string;
  readonly fence: number;
  readonly home: string;
  readonly copy: string;
  /** `-` in a row of a run. */
  readonly machine: string;
  /** Memory of the machine. In `provisioned`: all machines, `pc1:512,pc2:1024`. */
  readonly memory: string;
  /** Id of the Terraform resource that created the machine. */
  readonly resource: string;
}

export function isCall({ kind }: CloudEvent): boolean {
  return CALLS.some((call) => call === kind);
}

export function parseCloudEvent(line: string): CloudEvent {
  const [word, at, session = "", fence, home = "", copy = "", machine = "", memory = "", resource] =
    line.split(" ");
  const kind = [...CALLS, ...STEPS].find((one) => one === word);
  if (kind === undefined || resource === undefined)
    throw new Error(`the event log has an invalid row: ${JSON.stringify(line)}`);
  return {
    kind,
    at: Number(at),
    session,
    fence: Number(fence),
    home,
    copy,
    machine,
    memory,
    resource,
  };
}

export function recordStep(
  file: string,
  kind: (typeof STEPS)[number],
  by: Pick<CloudEvent, "session" | "fence" | "home" | "copy">,
  memory = "-",
): void {
  appendFileSync(
    file,
    `${[kind, Date.now(), by.session, by.fence, by.home, by.copy, "-", memory, "-"].join(" ")}\n`,
  );
}
