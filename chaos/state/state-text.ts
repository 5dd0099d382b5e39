import type { WantedMachine } from "./plan.ts";

interface Resource {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly {
    readonly status?: string;
    readonly attributes?: {
      readonly id?: string;
      readonly input?: { readonly value?: WantedMachine };
    };
  }[];
}

/** The fields of Terraform's state that the suite reads. */
export interface StateText {
  readonly lineage: string;
  readonly serial: number;
  readonly resources: readonly Resource[];
}

export function parseStateText(text: string): StateText {
  return JSON.parse(text) as StateText;
}

/** Returns the resources of machines, intact or tainted, with their ids. */
export function resourcesIn(text: string): Map<string, string> {
  const machines = parseStateText(text).resources.filter(
    ({ mode, type, name, instances }) =>
      mode === "managed" &&
      type === "terraform_data" &&
      name !== "vmrig_owner" &&
      instances.length > 0,
  );
  return new Map(
    machines.map(({ name, instances: [first] }) => [name, first?.attributes?.id ?? "none"]),
  );
}

/** Returns the machines of a state as their config described them. */
export function machinesInState(text: string): WantedMachine[] {
  if (text === "") return [];
  return parseStateText(text).resources.flatMap(({ name, instances: [first] }) => {
    const input = first?.attributes?.input?.value;
    return name === "vmrig_owner" || input === undefined ? [] : [input];
  });
}
