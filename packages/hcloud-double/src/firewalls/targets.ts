import { z } from "zod";
import type { Action } from "../actions/action.ts";
import { ApiError, invalidField, limitExceeded, unprocessable } from "../http/api-error.ts";
import { id } from "../http/body.ts";
import { parseSelector } from "../http/labels.ts";
import type { Project } from "../project/project.ts";
import type { Firewall, FirewallTarget, Server } from "../project/records.ts";
import {
  applyFirewall,
  firewallResources,
  followSelectors,
  isDirectTarget,
  isSameTarget,
  isSelected,
  liftFirewall,
} from "./firewall.ts";

const MAX_FIREWALLS = 5;

/** `apply_to` and `remove_from`. */
export const targets = z.array(
  z.discriminatedUnion("type", [
    z
      .object({ type: z.literal("server"), server: z.object({ id }) })
      .transform(({ server }): FirewallTarget => ({ server: server.id })),
    z
      .object({
        type: z.literal("label_selector"),
        label_selector: z.object({ selector: z.string() }),
      })
      .transform(({ label_selector }): FirewallTarget => label_selector),
  ]),
);

/** @throws ApiError if the firewall cannot be applied to one of the targets */
export function requireApplicable(
  project: Project,
  firewall: Firewall,
  added: readonly FirewallTarget[],
  { unknownStatus }: { readonly unknownStatus: 404 | 422 },
): void {
  for (const [index, target] of added.entries()) {
    if (firewall.targets.some((other) => isSameTarget(other, target)))
      throw unprocessable("firewall_already_applied", `firewall ${firewall.id} is applied there`);
    if (added.slice(0, index).some((other) => isSameTarget(other, target)))
      throw unprocessable("server_already_added", "a resource is listed twice");
    if ("selector" in target) parseSelector(target.selector, "apply_to");
    else requireRoom(project, requireServer(project, target.server, unknownStatus));
  }
}

function requireServer({ servers }: Project, serverId: number, status: number): Server {
  const server = servers.byId(serverId);
  if (server !== undefined) return server;
  const message = `server ${serverId} does not exist`;
  throw new ApiError(status, "firewall_resource_not_found", message);
}

function requireRoom(project: Project, server: Server): void {
  if (!project.hasPublicIp(server))
    throw unprocessable("private_net_only_server", `server ${server.id} has no public address`);
  if (server.firewalls.length >= MAX_FIREWALLS) throw limitExceeded("firewalls_per_server");
}

export function addTargets(
  project: Project,
  firewall: Firewall,
  added: readonly FirewallTarget[],
): Action[] {
  firewall.targets = [...firewall.targets, ...added];
  const actions = added.map((target) =>
    "server" in target
      ? applyFirewall(project, firewall, requireServer(project, target.server, 404))
      : project.actions.start("apply_firewall", firewallResources(firewall), {
          holds: [firewall],
        }),
  );
  followSelectors(project);
  return actions;
}

export function removeTargets(
  project: Project,
  firewall: Firewall,
  removed: readonly FirewallTarget[],
): Action[] {
  for (const target of removed) requireRemovable(project, firewall, target);
  return removed.map((target) => {
    const dropTarget = () =>
      void (firewall.targets = firewall.targets.filter((other) => !isSameTarget(other, target)));
    const server = "server" in target ? project.servers.byId(target.server) : undefined;
    const resources = firewallResources(firewall, server);
    if (!firewall.targets.some((other) => isSameTarget(other, target)))
      return project.actions.startDone("remove_firewall", resources);
    if (server !== undefined) return liftFirewall(project, firewall, server, { dropTarget });
    return project.actions.start("remove_firewall", resources, {
      holds: [firewall],
      succeed: () => {
        dropTarget();
        followSelectors(project);
      },
    });
  });
}

function requireRemovable(project: Project, firewall: Firewall, target: FirewallTarget): void {
  if ("selector" in target) return;
  const server = requireServer(project, target.server, 404);
  if (!isDirectTarget(firewall, server) && isSelected(firewall, server))
    throw unprocessable(
      "firewall_managed_by_label_selector",
      `a label selector applies firewall ${firewall.id} to server ${server.id}`,
    );
}

/** The firewalls that a new server names. */
export function firewallsOfNewServer(
  { firewalls }: Project,
  ids: readonly number[],
  { isPublic }: { readonly isPublic: boolean },
): Firewall[] {
  const unique = [...new Set(ids)];
  if (unique.length > 0 && !isPublic)
    throw invalidField("firewalls", "a firewall needs a public address");
  if (unique.length > MAX_FIREWALLS) throw limitExceeded("firewalls_per_server");
  return unique.map((firewallId) => firewalls.find(firewallId, "firewalls"));
}
