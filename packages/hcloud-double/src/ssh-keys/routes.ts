import { createHash } from "node:crypto";
import { z } from "zod";
import { invalidField, notUnique } from "../http/api-error.ts";
import { assignDefined, check, labels, name, rename } from "../http/body.ts";
import { list } from "../http/list.ts";
import { created, noContent, ok, route, type Route } from "../http/route.ts";
import type { Project } from "../project/project.ts";

const keyBody = z.object({ name, public_key: z.string(), labels: labels.default({}) });

export function sshKeyRoutes(project: Project): Route[] {
  const { sshKeys } = project;
  return [
    route("GET", "/ssh_keys", ({ query }) =>
      list("ssh_keys", sshKeys.all, query, { filters: ["name", "fingerprint"] }),
    ),
    route("GET", "/ssh_keys/:id", ({ ids: [id] }) => ok({ ssh_key: sshKeys.get(id) })),
    route("POST", "/ssh_keys", ({ body }) => {
      const wanted = check(keyBody, body);
      const fingerprint = md5Fingerprint(wanted.public_key);
      if (fingerprint === undefined) throw invalidField("public_key", "is not an SSH public key");
      sshKeys.requireFree(wanted.name);
      if (sshKeys.all.some((key) => key.fingerprint === fingerprint))
        throw notUnique("SSH key", "public_key");
      const key = sshKeys.add({ ...project.identity(), ...wanted, fingerprint });
      return created({ ssh_key: key });
    }),
    route("PUT", "/ssh_keys/:id", ({ ids: [id], body }) => {
      const key = sshKeys.get(id);
      const wanted = check(rename, body);
      sshKeys.requireFree(wanted.name, key);
      return ok({ ssh_key: assignDefined(key, wanted) });
    }),
    route("DELETE", "/ssh_keys/:id", ({ ids: [id] }) => {
      sshKeys.delete(sshKeys.get(id));
      return noContent();
    }),
  ];
}

/** The key's blob begins with its type, as text with a length of four bytes. */
function md5Fingerprint(publicKey: string): string | undefined {
  const [type = "", encoded = ""] = publicKey.trim().split(/\s+/);
  const blob = Buffer.from(encoded, "base64");
  if (type === "" || blob.length <= 4 + type.length) return undefined;
  const isOfType =
    blob.readUInt32BE() === type.length && blob.toString("latin1", 4, 4 + type.length) === type;
  if (!isOfType) return undefined;
  return createHash("md5")
    .update(blob)
    .digest("hex")
    .replaceAll(/..(?!$)/g, "$&:");
}
