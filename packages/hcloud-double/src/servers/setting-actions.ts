import { z } from "zod";
import { invalidField, unprocessable } from "../http/api-error.ts";
import { check, hostname, id, reference } from "../http/body.ts";
import type { Route } from "../http/route.ts";
import { placementGroupWithRoom } from "../placement-groups/placement-group.ts";
import { changePointer, ownsAddress } from "../primary-ips/primary-ip.ts";
import { requireOff, type Project } from "../project/project.ts";
import { serverAction, startHolding } from "./action.ts";
import { RESCUE_MS } from "./boot.ts";
import { newPassword, serverResources } from "./server.ts";

const rescueBody = z.object({
  type: z.literal("linux64").optional(),
  ssh_keys: z.array(reference).default([]),
});

const protectionBody = z.object({
  delete: z.boolean().optional(),
  rebuild: z.boolean().optional(),
});

export function settingActions(project: Project): Route[] {
  const { actions, sshKeys } = project;
  return [
    // It takes effect at the next boot, and does not cause one.
    serverAction(project, "enable_rescue", (server, body) => {
      const wish = check(rescueBody, body);
      const authorizedKeys = wish.ssh_keys.map((key) => sshKeys.find(key, "ssh_keys").public_key);
      const succeed = () =>
        void (server.rescue = { untilMs: project.now() + RESCUE_MS, authorizedKeys });
      const action = startHolding(project, "enable_rescue", server, { succeed });
      return { action, root_password: newPassword() };
    }),
    serverAction(project, "disable_rescue", (server) => ({
      action: startHolding(project, "disable_rescue", server, {
        succeed: () => void (server.rescue = null),
      }),
    })),
    serverAction(
      project,
      "change_protection",
      (server, body) => {
        const wish = check(protectionBody, body);
        const protection = {
          delete: wish.delete ?? server.protection.delete,
          rebuild: wish.rebuild ?? server.protection.rebuild,
        };
        if (protection.delete !== protection.rebuild)
          throw invalidField("rebuild", "must be the same as delete");
        const succeed = () => void (server.protection = protection);
        return {
          action: actions.start("change_protection", serverResources(server), { succeed }),
        };
      },
      { needsLock: false },
    ),
    serverAction(
      project,
      "change_dns_ptr",
      (server, body) => {
        const wish = check(z.object({ ip: z.string(), dns_ptr: hostname.optional() }), body);
        const ip = project.primaryIps.all.find(
          (other) => other.server === server.id && ownsAddress(other, wish.ip),
        );
        if (ip === undefined) throw invalidField("ip", `is no address of server ${server.id}`);
        const succeed = () => changePointer(ip, wish.ip, wish.dns_ptr);
        return { action: actions.start("change_dns_ptr", serverResources(server), { succeed }) };
      },
      { needsLock: false },
    ),
    serverAction(project, "add_to_placement_group", (server, body) => {
      const wish = check(z.object({ placement_group: id }), body);
      requireOff(server);
      if (server.placementGroup !== null)
        throw unprocessable(
          "already_in_placement_group",
          `server ${server.id} is in placement group ${server.placementGroup}`,
        );
      const group = placementGroupWithRoom(project, wish.placement_group);
      return {
        action: startHolding(project, "add_to_placement_group", server, {
          succeed: () => void (server.placementGroup = group.id),
        }),
      };
    }),
    serverAction(project, "remove_from_placement_group", (server) => ({
      action: startHolding(project, "remove_from_placement_group", server, {
        succeed: () => void (server.placementGroup = null),
      }),
    })),
  ];
}
