import { z } from "zod";
import type { Action } from "../actions/action.ts";
import { invalidField, protectedFrom, unprocessable } from "../http/api-error.ts";
import {
  assignDefined,
  check,
  hostname,
  id,
  labels,
  name,
  reference,
  rename,
} from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import { requireIdle, requireOff, requireUnlocked, type Project } from "../project/project.ts";
import type { IpType, PrimaryIp, Server } from "../project/records.ts";
import { changePointer, createPrimaryIp, ownsAddress, showPrimaryIp } from "./primary-ip.ts";

const ipBody = z.object({
  name,
  type: z.enum(["ipv4", "ipv6"]),
  assignee_type: z.literal("server").optional(),
  assignee_id: id.optional(),
  location: reference.optional(),
  datacenter: z.undefined({ error: "was removed: use location" }).optional(),
  auto_delete: z.boolean().optional(),
  labels: labels.optional(),
});

export function primaryIpRoutes(project: Project): Route[] {
  const { primaryIps } = project;
  return [
    route("GET", "/primary_ips", ({ query }) =>
      list("primary_ips", primaryIps.all.map(showPrimaryIp), query, {
        filters: ["name", "ip", "type"],
        sorts: ["id", "created"],
      }),
    ),
    route("GET", "/primary_ips/:id", ({ ids: [ipId] }) =>
      ok({ primary_ip: showPrimaryIp(primaryIps.get(ipId)) }),
    ),
    route("POST", "/primary_ips", ({ body }) => created(create(project, body))),
    route("PUT", "/primary_ips/:id", ({ ids: [ipId], body }) => {
      const ip = primaryIps.get(ipId);
      const wanted = check(rename.extend({ auto_delete: z.boolean().optional() }), body);
      if (wanted.auto_delete === true && ip.isProtected)
        throw invalidField("auto_delete", "is not possible with delete protection");
      requireIdle(`primary IP ${ip.id}`, ip);
      primaryIps.requireFree(wanted.name, ip);
      const { name, labels, auto_delete: autoDelete } = wanted;
      return ok({ primary_ip: showPrimaryIp(assignDefined(ip, { name, labels, autoDelete })) });
    }),
    route("DELETE", "/primary_ips/:id", ({ ids: [ipId] }) => {
      const ip = primaryIps.get(ipId);
      if (ip.isProtected) throw protectedFrom(`primary IP ${ip.id}`, "deletion");
      if (ip.server !== null)
        throw unprocessable("must_be_unassigned", `primary IP ${ip.id} is assigned`);
      primaryIps.delete(ip);
      return noContent();
    }),
    ...actions(project),
  ];
}

function create(project: Project, body: object): object {
  const wanted = check(ipBody, body);
  const { name, type, labels, auto_delete: autoDelete, assignee_id: assignee } = wanted;
  if (assignee === undefined && wanted.location === undefined)
    throw invalidField("location", "is required without assignee_id");
  project.primaryIps.requireFree(name);
  const server = assignee === undefined ? undefined : requireAssignee(project, assignee, type);
  const location =
    server?.location ?? project.catalog.locations.find(wanted.location ?? "", "location");
  const ip = createPrimaryIp(project, { name, type, location, labels, autoDelete });
  const action = server && assign(project, "create_primary_ip", ip, server);
  return { primary_ip: showPrimaryIp(ip), ...(action && { action }) };
}

/** The server that gets an address. */
function requireAssignee(project: Project, serverId: number, type: IpType): Server {
  const server = project.servers.byId(serverId);
  if (server === undefined) throw invalidField("assignee_id", `server ${serverId} not found`);
  requireUnlocked(server);
  requireOff(server);
  if (project.primaryIpOf(server, type) !== undefined)
    throw unprocessable(`server_has_${type}`, `server ${serverId} has an ${type} address`);
  return server;
}

function assign(project: Project, command: string, ip: PrimaryIp, server: Server): Action {
  return project.actions.start(command, resourcesOf(ip, server), {
    holds: [ip, server],
    succeed: () => void (ip.server = server.id),
  });
}

function resourcesOf(ip: PrimaryIp, server?: Server): Action["resources"] {
  const resources = [{ id: ip.id, type: "primary_ip" }];
  return server === undefined ? resources : [...resources, { id: server.id, type: "server" }];
}

function actions(project: Project): Route[] {
  const action = (command: string, start: (ip: PrimaryIp, body: object) => Action) =>
    route("POST", `/primary_ips/:id/actions/${command}`, ({ ids: [ipId], body }) =>
      created({ action: start(project.primaryIps.get(ipId), body) }),
    );
  return [
    action("assign", (ip, body) => {
      const wanted = check(z.object({ assignee_id: id, assignee_type: z.literal("server") }), body);
      requireIdle(`primary IP ${ip.id}`, ip);
      if (ip.server !== null)
        throw unprocessable("primary_ip_already_assigned", `primary IP ${ip.id} is assigned`);
      const server = requireAssignee(project, wanted.assignee_id, ip.type);
      if (server.location !== ip.location)
        throw unprocessable(
          "primary_ip_datacenter_mismatch",
          `primary IP ${ip.id} is in ${ip.location.name}`,
        );
      return assign(project, "assign_primary_ip", ip, server);
    }),
    action("unassign", (ip) => {
      requireIdle(`primary IP ${ip.id}`, ip);
      const server = project.servers.byId(ip.server);
      if (server === undefined)
        throw unprocessable("service_error", `primary IP ${ip.id} is not assigned`);
      requireUnlocked(server);
      requireOff(server);
      return project.actions.start("unassign_primary_ip", resourcesOf(ip, server), {
        holds: [ip, server],
        succeed: () => void (ip.server = null),
      });
    }),
    action("change_dns_ptr", (ip, body) => {
      const wanted = check(z.object({ ip: z.string(), dns_ptr: hostname.optional() }), body);
      if (!ownsAddress(ip, wanted.ip)) throw invalidField("ip", `is not in primary IP ${ip.id}`);
      const succeed = () => changePointer(ip, wanted.ip, wanted.dns_ptr);
      return project.actions.start("change_dns_ptr", resourcesOf(ip), { succeed });
    }),
    action("change_protection", (ip, body) => {
      const wanted = check(z.object({ delete: z.boolean() }), body);
      if (wanted.delete && ip.autoDelete)
        throw invalidField("delete", "is not possible with auto_delete");
      const succeed = () => void (ip.isProtected = wanted.delete);
      return project.actions.start("change_protection", resourcesOf(ip), { succeed });
    }),
  ];
}
