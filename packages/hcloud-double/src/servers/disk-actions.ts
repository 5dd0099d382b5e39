import { z } from "zod";
import type { Action } from "../actions/action.ts";
import { invalidField, protectedFrom, unprocessable } from "../http/api-error.ts";
import { check, labels, reference, userData } from "../http/body.ts";
import type { Route } from "../http/route.ts";
import { findImage, removeImage } from "../images/image.ts";
import { requireOff, type Project } from "../project/project.ts";
import type { Image, Server } from "../project/records.ts";
import { serverAction, startHolding } from "./action.ts";
import { boots } from "./boot.ts";
import { deleteBackups } from "./delete.ts";
import { newPassword, serverResources, toBackendServer } from "./server.ts";

const BACKUPS = 7;
const BACKUP_WINDOW = "22-02";

const imageBody = z.object({
  type: z.enum(["snapshot", "backup"]).default("snapshot"),
  description: z.string().default(""),
  labels: labels.default({}),
});

export function diskActions(project: Project): Route[] {
  return [
    serverAction(project, "rebuild", (server, body) => rebuild(project, server, body)),
    serverAction(project, "create_image", (server, body) => createImage(project, server, body)),
    serverAction(project, "change_type", (server, body) => ({
      action: changeType(project, server, body),
    })),
    serverAction(project, "enable_backup", (server) => ({
      action: startHolding(project, "enable_backup", server, {
        succeed: () => void (server.backupWindow ??= BACKUP_WINDOW),
      }),
    })),
    serverAction(project, "disable_backup", (server) => ({
      action: startHolding(project, "disable_backup", server, {
        succeed: () => {
          server.backupWindow = null;
          deleteBackups(project, server);
        },
      }),
    })),
  ];
}

function rebuild(project: Project, server: Server, body: object): object {
  const wish = check(z.object({ image: reference, user_data: userData.optional() }), body);
  if (server.protection.rebuild) throw protectedFrom(`server ${server.id}`, "rebuilding");
  const { architecture } = server.type;
  const image = findImage(project, wish.image, { architecture, disk: server.disk });
  const rootPassword = server.authorizedKeys.length > 0 ? null : newPassword();
  const { backend } = project;
  const boot = boots(project, server, async (next) => {
    await backend.stop(toBackendServer(project, server));
    Object.assign(server, { image, rootPassword, userData: wish.user_data ?? server.userData });
    await backend.writeImage(toBackendServer(project, server));
    await backend.start(toBackendServer(project, server), next);
  });
  const action = startHolding(project, "rebuild_server", server, { status: "rebuilding", ...boot });
  return { action, root_password: rootPassword };
}

function createImage(project: Project, server: Server, body: object): object {
  const { type, description, labels } = check(imageBody, body);
  if (type === "backup" && server.backupWindow === null)
    throw invalidField("type", `server ${server.id} has no backups`);
  const identity = project.identity();
  const image: Image = {
    ...server.image,
    ...identity,
    type,
    status: "creating",
    name: null,
    description: description || `${type} of ${server.name}, ${identity.created}`,
    image_size: null,
    disk_size: server.disk,
    created_from: { id: server.id, name: server.name },
    bound_to: type === "backup" ? server.id : null,
    rapid_deploy: false,
    protection: { delete: false },
    deprecated: null,
    deleted: null,
    labels,
  };
  project.images.add(image);
  let size = 0;
  const action = startHolding(project, "create_image", server, {
    resources: [...serverResources(server), { id: image.id, type: "image" }],
    work: async () => {
      size = await project.backend.copyDisk(toBackendServer(project, server), image.id);
    },
    succeed: () => {
      image.status = "available";
      image.image_size = size;
      const backups = project.images.all.filter(({ bound_to }) => bound_to === server.id);
      for (const oldest of backups.slice(0, -BACKUPS)) removeImage(project, oldest);
    },
    fail: () => project.images.delete(image),
  });
  return { image: { ...image }, action };
}

/** The server is started when its type has changed. Its disk never shrinks. */
function changeType(project: Project, server: Server, body: object): Action {
  const wish = check(z.object({ server_type: reference, upgrade_disk: z.boolean() }), body);
  requireOff(server);
  const { catalog, backend } = project;
  const type = catalog.serverTypes.find(wish.server_type, "server_type");
  const problem = misfit(server, type);
  if (problem !== undefined)
    throw unprocessable("invalid_server_type", `server type ${type.name} ${problem}`);
  catalog.requireOffered(type, server.location, project.now());
  const boot = boots(project, server, async (next) => {
    Object.assign(server, { type, disk: wish.upgrade_disk ? type.disk : server.disk });
    await backend.resize(toBackendServer(project, server));
    await backend.start(toBackendServer(project, server), next);
  });
  return startHolding(project, "change_server_type", server, { status: "migrating", ...boot });
}

function misfit(server: Server, type: Server["type"]): string | undefined {
  if (type === server.type) return "is the one that it has";
  if (type.architecture !== server.type.architecture) return `is for ${type.architecture}`;
  if (type.storage_type !== server.type.storage_type) return `has ${type.storage_type} storage`;
  if (type.disk < server.disk) return `has a disk of ${type.disk} GB, not of ${server.disk} GB`;
  return undefined;
}
