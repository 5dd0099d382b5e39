import type { DoneCall, HcloudDouble } from "../hcloud-double.ts";

/**
 * Collects the requests of a Terraform command as lines, with names instead of ids, so that they
 * can be compared with a recording.
 */
export class CallLog {
  readonly #double: HcloudDouble;
  readonly #names = new Map<number, string>();
  #seen = 0;

  constructor(double: HcloudDouble) {
    this.#double = double;
  }

  /** Returns the requests since the last call. */
  take(): string[] {
    const { servers, networks, firewalls, placementGroups, sshKeys, primaryIps } =
      this.#double.project;
    const tables = [servers, networks, firewalls, placementGroups, sshKeys, primaryIps];
    for (const { id, name } of tables.flatMap<{ id: number; name: string }>(({ all }) => all))
      if (!this.#names.has(id)) this.#names.set(id, name);
    const calls = this.#double.calls.slice(this.#seen);
    this.#seen = this.#double.calls.length;
    return calls.map((call) => this.#line(call));
  }

  #line({ method, path, body, status }: DoneCall): string {
    const sent = body === "" ? "" : ` ${JSON.stringify(canonical(JSON.parse(body)))}`;
    const line = `${method} ${path}${sent} ${status}`;
    return (
      line
        .replaceAll(/\b6\d{14}\b/g, "ACTION")
        .replaceAll(/\b1\d{3}\b/g, (id) => this.#names.get(Number(id)) ?? id)
        // The provider draws this name by lot.
        .replaceAll(/primary_ip-\d+/g, "primary_ip-LOT")
    );
  }
}

/**
 * Returns the lines by resource. Those of one resource have an order; all others are sorted, because
 * Terraform does several things at once.
 */
export function grouped(lines: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = { other: [] };
  for (const line of lines) {
    const [, group = "other"] = /^[A-Z]+ \/([a-z_]+\/[\w-]+)/.exec(line) ?? [];
    (groups[group] ??= []).push(line);
  }
  groups["other"]?.sort();
  return groups;
}

/** The keys of objects have no order, nor have the rules of a firewall. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, canonical(each)]));
}
