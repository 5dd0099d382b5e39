import { z } from "zod";
import { ApiError, protectedFrom, unprocessable } from "../http/api-error.ts";
import { assignDefined, check, labels } from "../http/body.ts";
import { isTrue, list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";
import type { Image } from "../project/records.ts";
import { removeImage } from "./image.ts";

const FILTERS = ["name", "type", "status", "architecture", "bound_to"];

const imageBody = z.object({
  description: z.string().optional(),
  type: z.literal("snapshot").optional(),
  labels: labels.optional(),
});

export function imageRoutes(project: Project): Route[] {
  const { images, actions } = project;
  return [
    route("GET", "/images", ({ query }) => {
      const withDeprecated = isTrue(query, "include_deprecated");
      const shown = images.all.filter(({ deprecated }) => deprecated === null || withDeprecated);
      return list("images", shown, query, { filters: FILTERS });
    }),
    route("GET", "/images/:id", ({ ids: [id] }) => ok({ image: images.get(id) })),
    route("PUT", "/images/:id", ({ ids: [id], body }) => {
      const image = requireOwn(images.get(id));
      assignDefined(image, check(imageBody, body));
      if (image.type === "snapshot") image.bound_to = null;
      return ok({ image });
    }),
    route("DELETE", "/images/:id", ({ ids: [id] }) => {
      const image = requireOwn(images.get(id));
      if (image.protection.delete) throw protectedFrom(`image ${image.id}`, "deletion");
      removeImage(project, image);
      return noContent();
    }),
    route("POST", "/images/:id/actions/change_protection", ({ ids: [id], body }) => {
      const image = images.get(id);
      if (image.type !== "snapshot")
        throw unprocessable("unsupported_error", "only snapshots can be protected");
      const wanted = check(z.object({ delete: z.boolean().optional() }), body);
      const succeed = () =>
        void (image.protection = { delete: wanted.delete ?? image.protection.delete });
      const resources = [{ id: image.id, type: "image" }];
      return created({ action: actions.start("change_protection", resources, { succeed }) });
    }),
  ];
}

/** Images of the vendor do not change. */
function requireOwn(image: Image): Image {
  if (image.type === "snapshot" || image.type === "backup") return image;
  throw new ApiError(403, "forbidden", `image ${image.id} belongs to the vendor`);
}
