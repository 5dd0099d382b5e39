import { z } from "zod";
import { invalidField } from "../http/api-error.ts";
import { check, reference } from "../http/body.ts";
import type { Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import { serverAction, startHolding } from "./action.ts";
import { serverResources } from "./server.ts";

/** A backend is not told: no server boots from a disc. */
export function isoActions(project: Project): Route[] {
  const { actions, catalog } = project;
  return [
    serverAction(project, "attach_iso", (server, body) => {
      const wish = check(z.object({ iso: reference }), body);
      const iso = catalog.isos.find(wish.iso, "iso");
      if (iso.architecture !== null && iso.architecture !== server.type.architecture)
        throw invalidField("iso", `is for ${iso.architecture}`);
      const succeed = () => void (server.iso = iso);
      return { action: startHolding(project, "attach_iso", server, { succeed }) };
    }),
    serverAction(project, "detach_iso", (server) => {
      const succeed = () => void (server.iso = null);
      const action =
        server.iso === null
          ? actions.startDone("detach_iso", serverResources(server))
          : startHolding(project, "detach_iso", server, { succeed });
      return { action };
    }),
  ];
}
