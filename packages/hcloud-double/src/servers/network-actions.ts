import { z } from "zod";
import type { Action } from "../actions/action.ts";
import { invalidField } from "../http/api-error.ts";
import { check, id } from "../http/body.ts";
import type { Route } from "../http/route.ts";
import {
  attach,
  attachmentResources,
  planAttachment,
  take,
  usedAddresses,
} from "../networks/attachments.ts";
import { parseIpv4 } from "../networks/ipv4-range.ts";
import type { Project } from "../project/project.ts";
import type { Attachment, Network, Server } from "../project/records.ts";
import { serverAction, startHolding } from "./action.ts";
import { changeNetworks } from "./server.ts";

const aliasIps = z.array(z.string()).max(5);

const attachBody = z.object({
  network: id,
  ip: z.string().optional(),
  ip_range: z.string().optional(),
  alias_ips: aliasIps.optional(),
});

export function networkActions(project: Project): Route[] {
  const find = (network: number) => project.networks.find(network, "network");
  return [
    serverAction(project, "attach_to_network", (server, body) => {
      const wish = check(attachBody, body);
      const attachment = planAttachment(project, server, find(wish.network), wish);
      return { action: attach(project, server, attachment) };
    }),
    serverAction(project, "detach_from_network", (server, body) => {
      const network = find(check(z.object({ network: id }), body).network);
      const attachment = requireAttachment(server, network);
      const work = async () => {
        server.attachments = server.attachments.filter((other) => other !== attachment);
        await changeNetworks(project, [server]);
      };
      return { action: start("detach_from_network", server, network, work) };
    }),
    serverAction(project, "change_alias_ips", (server, body) => {
      const wish = check(z.object({ network: id, alias_ips: aliasIps }), body);
      const network = find(wish.network);
      const attachment = requireAttachment(server, network);
      const used = usedAddresses(project, network, attachment);
      used.add(parseIpv4(attachment.ip) ?? 0);
      for (const alias of wish.alias_ips) take(network, server, used, alias, "alias_ips");
      const work = async () => {
        attachment.aliases = wish.alias_ips;
        await changeNetworks(project, [server]);
      };
      return { action: start("change_alias_ips", server, network, work) };
    }),
  ];

  function start(
    command: string,
    server: Server,
    network: Network,
    work: () => Promise<void>,
  ): Action {
    const resources = attachmentResources(server, network.id);
    return startHolding(project, command, server, { resources, work });
  }
}

function requireAttachment({ id, attachments }: Server, network: Network): Attachment {
  const attachment = attachments.find((other) => other.network === network.id);
  if (attachment === undefined)
    throw invalidField("network", `server ${id} is not in network ${network.id}`);
  return attachment;
}
