import { z } from "zod";
import { assignDefined, check, labels, name, rename } from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import type { PlacementGroup } from "../project/records.ts";
import { showPlacementGroup } from "./placement-group.ts";

const groupBody = z.object({ name, type: z.literal("spread"), labels: labels.default({}) });

export function placementGroupRoutes(project: Project): Route[] {
  const { placementGroups, servers } = project;
  const show = (group: PlacementGroup) => showPlacementGroup(project, group);
  return [
    route("GET", "/placement_groups", ({ query }) =>
      list("placement_groups", placementGroups.all.map(show), query, {
        filters: ["name", "type"],
      }),
    ),
    route("GET", "/placement_groups/:id", ({ ids: [id] }) =>
      ok({ placement_group: show(placementGroups.get(id)) }),
    ),
    route("POST", "/placement_groups", ({ body }) => {
      const wanted = check(groupBody, body);
      placementGroups.requireFree(wanted.name);
      const group = placementGroups.add({ ...project.identity(), ...wanted });
      return created({ placement_group: show(group), action: null });
    }),
    route("PUT", "/placement_groups/:id", ({ ids: [id], body }) => {
      const group = placementGroups.get(id);
      const wanted = check(rename, body);
      placementGroups.requireFree(wanted.name, group);
      return ok({ placement_group: show(assignDefined(group, wanted)) });
    }),
    route("DELETE", "/placement_groups/:id", ({ ids: [id] }) => {
      const group = placementGroups.get(id);
      for (const server of servers.all)
        if (server.placementGroup === group.id) server.placementGroup = null;
      placementGroups.delete(group);
      return noContent();
    }),
  ];
}
