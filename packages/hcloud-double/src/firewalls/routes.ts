import { z } from "zod";
import { unprocessable } from "../http/api-error.ts";
import { assignDefined, check, labels, name, rename } from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import { requireIdle, type Project } from "../project/project.ts";
import type { Firewall } from "../project/records.ts";
import { applyFirewall, firewallResources, showFirewall } from "./firewall.ts";
import { rules } from "./rules.ts";
import { addTargets, removeTargets, requireApplicable, targets } from "./targets.ts";

const firewallBody = z.object({
  name,
  rules: rules.default([]),
  apply_to: targets.default([]),
  labels: labels.default({}),
});

export function firewallRoutes(project: Project): Route[] {
  const { firewalls } = project;
  const show = (firewall: Firewall) => showFirewall(project, firewall);
  return [
    route("GET", "/firewalls", ({ query }) => list("firewalls", firewalls.all.map(show), query)),
    route("GET", "/firewalls/:id", ({ ids: [id] }) => ok({ firewall: show(firewalls.get(id)) })),
    route("POST", "/firewalls", ({ body }) => created(create(project, body))),
    route("PUT", "/firewalls/:id", ({ ids: [id], body }) => {
      const firewall = firewalls.get(id);
      const wanted = check(rename, body);
      requireIdle(`firewall ${firewall.id}`, firewall);
      firewalls.requireFree(wanted.name, firewall);
      return ok({ firewall: show(assignDefined(firewall, wanted)) });
    }),
    route("DELETE", "/firewalls/:id", ({ ids: [id] }) => {
      const firewall = firewalls.get(id);
      if (firewall.targets.length > 0)
        throw unprocessable("resource_in_use", `firewall ${firewall.id} is still in use`);
      firewalls.delete(firewall);
      return noContent();
    }),
    ...actions(project),
  ];
}

function create(project: Project, body: object): object {
  const { apply_to, ...wanted } = check(firewallBody, body);
  project.firewalls.requireFree(wanted.name);
  const firewall: Firewall = {
    ...project.identity(),
    ...wanted,
    targets: [],
    heldBy: new Set(),
  };
  requireApplicable(project, firewall, apply_to, { unknownStatus: 422 });
  project.firewalls.add(firewall);
  const started = [startSetRules(project, firewall), ...addTargets(project, firewall, apply_to)];
  return { firewall: showFirewall(project, firewall), actions: started };
}

function startSetRules({ actions }: Project, firewall: Firewall) {
  const resources = firewallResources(firewall);
  return actions.start("set_firewall_rules", resources, { holds: [firewall] });
}

function actions(project: Project): Route[] {
  const action = (command: string, start: (firewall: Firewall, body: object) => object[]) =>
    route("POST", `/firewalls/:id/actions/${command}`, ({ ids: [id], body }) =>
      created({ actions: start(project.firewalls.get(id), body) }),
    );
  return [
    // hcloud-go sends `rules: null` for no rules.
    action("set_rules", (firewall, body) => {
      firewall.rules = check(z.object({ rules: rules.default([]) }), body).rules;
      const servers = project.servers.all.filter((server) =>
        server.firewalls.some(({ id }) => id === firewall.id),
      );
      const set = startSetRules(project, firewall);
      return [set, ...servers.map((server) => applyFirewall(project, firewall, server))];
    }),
    action("apply_to_resources", (firewall, body) => {
      const { apply_to } = check(z.object({ apply_to: targets }), body);
      requireApplicable(project, firewall, apply_to, { unknownStatus: 404 });
      return addTargets(project, firewall, apply_to);
    }),
    action("remove_from_resources", (firewall, body) => {
      const { remove_from } = check(z.object({ remove_from: targets }), body);
      return removeTargets(project, firewall, remove_from);
    }),
  ];
}
