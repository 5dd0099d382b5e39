import { UNKNOWN, type Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { hasCode } from "../api/api-error.ts";
import { retrying } from "../api/pause.ts";
import type { ApiFirewall, ApiTarget } from "../api/reply.ts";
import { labelsField, labelsInState, NAME, newLabels, ID } from "../attributes.ts";
import type { Kind } from "../kind.ts";
import { isSame } from "../plan.ts";
import { normalRange } from "./ip-range.ts";
import { textOf } from "../text-of.ts";

const TEXT = { type: "string", optional: true } as const;
const RANGES = { type: ["set", "string"], optional: true } as const;
const TARGET = { optional: true, computed: true } as const;

export const FIREWALL: Kind = {
  schema: {
    attributes: {
      id: ID,
      name: NAME,
      labels: { type: ["map", "string"], optional: true, computed: true },
    },
    blocks: {
      apply_to: {
        nesting: "set",
        isKept: true,
        attributes: {
          label_selector: { type: "string", ...TARGET },
          server: { type: "number", ...TARGET },
        },
      },
      rule: {
        nesting: "set",
        attributes: {
          direction: { type: "string", required: true },
          protocol: { type: "string", required: true },
          port: TEXT,
          source_ips: RANGES,
          destination_ips: RANGES,
          description: TEXT,
        },
      },
    },
  },
  adjustPlan: (planned) => ({ ...planned, rule: elements(planned, "rule").map(normalRule) }),
  async create(api, { planned }) {
    const [rules, targets] = [rulesOf(planned), targetsOf(elements(planned, "apply_to"))];
    const { firewall, actions = [] } = await api.post("/firewalls", {
      name: planned["name"],
      ...labelsField(planned),
      ...(rules.length > 0 && { rules }),
      ...(targets.length > 0 && { apply_to: targets }),
    });
    // A firewall whose action fails is not in the state, unlike a server.
    await api.waitFor(...actions);
    const state = { ...planned, id: textOf(firewall?.id) };
    return (await read(api, state)) ?? state;
  },
  read,
  async update(api, { planned, prior, hasChanged }) {
    const path = `/firewalls/${textOf(prior["id"])}`;
    await api.get(path);
    if (hasChanged("name")) await api.put(path, { name: planned["name"] });
    const rules = rulesOf(planned);
    // Without rules nothing is sent: they stay.
    if (hasChanged("rule") && rules.length > 0)
      await api.act(`${path}/actions/set_rules`, { rules });
    if (hasChanged("labels")) await api.put(path, newLabels(planned));
    if (hasChanged("apply_to")) await changeTargets(api, path, { planned, prior });
    return (await read(api, planned)) ?? planned;
  },
  async delete(api, { id }) {
    const path = `/firewalls/${textOf(id)}`;
    const { firewall } = await api.get(path);
    const targets = (firewall?.applied_to ?? []).map(withoutEmptyList);
    if (targets.length > 0) await removeFrom(api, path, targets);
    const isWorthIt = (error: unknown): boolean => hasCode(error, "conflict", "resource_in_use");
    try {
      await retrying({ tries: 10, isWorthIt }, () => api.delete(path));
    } catch (error) {
      if (!hasCode(error, "not_found")) throw error;
    }
    return undefined;
  },
};

function elements(values: Values, block: string): readonly Values[] {
  return (values[block] ?? []) as readonly Values[];
}

function normalRule(rule: Values): Values {
  const normal = (ranges: unknown): unknown =>
    Array.isArray(ranges)
      ? ranges.map((range: unknown) => (range === UNKNOWN ? range : normalRange(textOf(range))))
      : ranges;
  const { source_ips, destination_ips } = rule;
  return { ...rule, source_ips: normal(source_ips), destination_ips: normal(destination_ips) };
}

/** Without what is empty, as Go omits it. */
function rulesOf(planned: Values): Values[] {
  return elements(planned, "rule").map((rule) =>
    Object.fromEntries(
      Object.entries(rule).filter(([, value]) => (value as string | unknown[]).length > 0),
    ),
  );
}

function targetsOf(targets: readonly Values[]): ApiTarget[] {
  return targets.map(({ label_selector, server }) =>
    label_selector
      ? { type: "label_selector", label_selector: { selector: label_selector as string } }
      : { type: "server", server: { id: Number(server) } },
  );
}

/** Go sends back what it was shown, but no empty list. */
function withoutEmptyList({ applied_to_resources = [], ...target }: ApiTarget): ApiTarget {
  return applied_to_resources.length > 0 ? { ...target, applied_to_resources } : target;
}

async function changeTargets(
  api: Api,
  path: string,
  { planned, prior }: { readonly planned: Values; readonly prior: Values },
): Promise<void> {
  const [before, after] = [elements(prior, "apply_to"), elements(planned, "apply_to")];
  const without = (some: readonly Values[], others: readonly Values[]): Values[] =>
    some.filter((one) => !others.some((other) => isSame(one, other)));
  const removed = targetsOf(without(before, after));
  const added = targetsOf(without(after, before));
  if (removed.length > 0) await removeFrom(api, path, removed);
  if (added.length > 0) await api.act(`${path}/actions/apply_to_resources`, { apply_to: added });
}

async function removeFrom(api: Api, path: string, targets: readonly ApiTarget[]): Promise<void> {
  try {
    await api.act(`${path}/actions/remove_from_resources`, { remove_from: targets });
  } catch (error) {
    if (!hasCode(error, "firewall_resource_not_found", "not_found")) throw error;
  }
}

async function read(api: Api, prior: Values): Promise<Values | undefined> {
  const { firewall } = (await api.find(`/firewalls/${textOf(prior["id"])}`)) ?? {};
  return firewall && stateOf(firewall, prior);
}

function stateOf({ id, name, labels, rules, applied_to }: ApiFirewall, prior: Values): Values {
  return {
    id: textOf(id),
    name,
    labels: labelsInState(labels, prior) ?? {},
    rule: rules.map((rule) => ({
      direction: rule.direction,
      protocol: rule.protocol,
      port: rule.port ?? "",
      description: rule.description ?? "",
      source_ips: rule.source_ips,
      destination_ips: rule.destination_ips,
    })),
    apply_to: applied_to.map(({ server, label_selector }) => ({
      server: server?.id ?? 0,
      label_selector: label_selector?.selector ?? "",
    })),
  };
}
