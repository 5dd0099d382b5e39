import type { Action, ActionPlan } from "../actions/action.ts";
import { parseSelector } from "../http/labels.ts";
import type { Project } from "../project/project.ts";
import type { Firewall, FirewallTarget, Server } from "../project/records.ts";

export function isDirectTarget({ targets }: Firewall, { id }: Server): boolean {
  return targets.some((target) => "server" in target && target.server === id);
}

export function isSelected({ targets }: Firewall, { labels }: Server): boolean {
  return targets.some((target) => "selector" in target && parseSelector(target.selector)(labels));
}

export function isSameTarget(a: FirewallTarget, b: FirewallTarget): boolean {
  return "server" in a
    ? "server" in b && a.server === b.server
    : "selector" in b && a.selector === b.selector;
}

export function showFirewall(project: Project, firewall: Firewall): object {
  const { id, name, labels, created, rules } = firewall;
  return { id, name, labels, created, rules, applied_to: firewall.targets.map(showTarget) };

  function showTarget(target: FirewallTarget): object {
    if ("server" in target) return { type: "server", server: { id: target.server } };
    const { selector } = target;
    const selects = parseSelector(selector);
    const servers = project.servers.all.filter(
      (server) => selects(server.labels) && project.hasPublicIp(server),
    );
    return {
      type: "label_selector",
      label_selector: { selector },
      applied_to_resources: servers.map((server) => ({
        type: "server",
        server: { id: server.id },
      })),
    };
  }
}

export function firewallResources(firewall: Firewall, server?: Server): Action["resources"] {
  const resources = [{ id: firewall.id, type: "firewall" }];
  return server === undefined ? resources : [{ id: server.id, type: "server" }, ...resources];
}

/** Applies the rules to a server, after the actions that hold it. */
export function applyFirewall(
  { actions }: Project,
  firewall: Firewall,
  server: Server,
  {
    after = actions.holding(server),
    holds = [server, firewall],
  }: Pick<ActionPlan, "after" | "holds"> = {},
): Action {
  const entry: Server["firewalls"][number] = server.firewalls.find(
    ({ id }) => id === firewall.id,
  ) ?? { id: firewall.id, status: "pending" };
  entry.status = "pending";
  if (!server.firewalls.includes(entry)) server.firewalls = [...server.firewalls, entry];
  const succeed = () => void (entry.status = "applied");
  const resources = firewallResources(firewall, server);
  return actions.start("apply_firewall", resources, {
    holds,
    after,
    evenAfterFailure: true,
    succeed,
  });
}

/** Removes the rules from a server, unless something else applies them. */
export function liftFirewall(
  { actions }: Project,
  firewall: Firewall,
  server: Server,
  { holds = [server, firewall], dropTarget = () => {} } = {},
): Action {
  return actions.start("remove_firewall", firewallResources(firewall, server), {
    holds,
    after: actions.holding(server),
    evenAfterFailure: true,
    succeed: () => {
      dropTarget();
      if (isDirectTarget(firewall, server) || isSelected(firewall, server)) return;
      server.firewalls = server.firewalls.filter(({ id }) => id !== firewall.id);
    },
  });
}

/**
 * Applies and removes firewalls after a change of labels or selectors. The servers are not locked:
 * the real API does so only sometimes (hetznercloud/packer-plugin-hcloud#205).
 */
export function followSelectors(
  project: Project,
  servers: readonly Server[] = project.servers.all,
): void {
  for (const server of servers)
    for (const firewall of project.firewalls.all) {
      const isApplied = server.firewalls.some(({ id }) => id === firewall.id);
      const isWanted =
        isDirectTarget(firewall, server) ||
        (isSelected(firewall, server) && project.hasPublicIp(server));
      if (isWanted && !isApplied) applyFirewall(project, firewall, server, { holds: [firewall] });
      if (isApplied && !isWanted) liftFirewall(project, firewall, server, { holds: [firewall] });
    }
}
