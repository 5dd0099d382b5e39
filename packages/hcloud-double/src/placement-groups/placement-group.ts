import { invalidField, unprocessable } from "../http/api-error.ts";
import type { Project } from "../project/project.ts";
import type { PlacementGroup, Server } from "../project/records.ts";

const MAX_SERVERS = 10;

function serversOf({ servers }: Project, { id }: PlacementGroup): Server[] {
  return servers.all.filter(({ placementGroup }) => placementGroup === id);
}

export function showPlacementGroup(project: Project, group: PlacementGroup): object {
  return { ...group, servers: serversOf(project, group).map(({ id }) => id) };
}

/** The placement group that a body names. @throws ApiError 422 if it has no room for a server */
export function placementGroupWithRoom(project: Project, id: number): PlacementGroup {
  const group = project.placementGroups.byId(id);
  if (group === undefined) throw invalidField("placement_group", `${id} not found`);
  if (serversOf(project, group).length >= MAX_SERVERS)
    throw unprocessable(
      "placement_group_member_limit_reached",
      `placement group ${id} has ${MAX_SERVERS} servers`,
    );
  return group;
}
