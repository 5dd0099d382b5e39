import { DiagnosticError, type Values } from "@vmrig/terraform-plugin";
import type { Api } from "./api/api.ts";
import type { ApiImage } from "./api/reply.ts";
import type { KindSchema } from "./kind.ts";
import { textOf } from "./text-of.ts";

const TEXT = { type: "string", optional: true } as const;
const OUTPUT = { type: "string", computed: true } as const;
const BOOL = { type: "bool", optional: true } as const;
const EXACTLY_ONE = "Exactly one of these attributes must be configured:";
const KEYS = ["id", "name", "selector", "with_selector"] as const;

/** Data source `hcloud_image`. */
export const IMAGE_DATA: KindSchema = {
  attributes: {
    id: { type: "number", optional: true },
    name: TEXT,
    selector: { ...TEXT, deprecated: true },
    with_selector: TEXT,
    with_status: { type: ["set", "string"], optional: true },
    with_architecture: TEXT,
    most_recent: BOOL,
    include_deprecated: BOOL,
    type: OUTPUT,
    description: OUTPUT,
    labels: { type: ["map", "string"], computed: true },
    created: OUTPUT,
    os_flavor: OUTPUT,
    os_version: OUTPUT,
    architecture: OUTPUT,
    rapid_deploy: { type: "bool", computed: true },
    deprecated: OUTPUT,
  },
};

export function validateImage(config: Values): void {
  if (KEYS.filter((key) => config[key] !== null).length !== 1)
    throw new DiagnosticError(
      "Invalid Attribute Combination",
      `${EXACTLY_ONE}\n[${KEYS.join(",")}]`,
    );
}

export async function readImage(api: Api, config: Values): Promise<Values> {
  const image = await find(api, config);
  return {
    ...config,
    id: image.id,
    name: image.name ?? "",
    type: image.type,
    description: image.description,
    labels: image.labels,
    created: image.created,
    os_flavor: image.os_flavor,
    os_version: image.os_version ?? "",
    architecture: image.architecture,
    rapid_deploy: image.rapid_deploy,
    deprecated: image.deprecated,
  };
}

async function find(api: Api, config: Values): Promise<ApiImage> {
  const { id, name, with_status, with_architecture, most_recent, include_deprecated } = config;
  if (id !== null) {
    const { image } = (await api.find(`/images/${textOf(id)}`)) ?? {};
    if (image === undefined) throw notFound(`: id=${textOf(id)}`);
    return image;
  }
  // In the order in which Go sends them.
  const query = new URLSearchParams({ architecture: textOf(with_architecture ?? "x86") });
  if (include_deprecated === true) query.append("include_deprecated", "true");
  const selector = config["with_selector"] ?? config["selector"];
  if (name === null) query.append("label_selector", textOf(selector));
  else query.append("name", textOf(name));
  if (most_recent === true) query.append("sort", "created:desc");
  for (const status of (with_status ?? []) as readonly string[]) query.append("status", status);
  const { images = [] } = await api.get(`/images?${query.toString()}`);
  const [first] = images;
  const using = name === null ? `label selector: ${textOf(selector)}` : `name: ${textOf(name)}`;
  const parameters = `\n\nQuery parameters: ${[...query].map((pair) => pair.join("=")).join(" ")}`;
  if (first === undefined) throw notFound(` using ${using}${parameters}`);
  if (images.length > 1 && most_recent !== true)
    throw new DiagnosticError(
      "Found more than one resource",
      `Found more than one resource (image) using ${using}${parameters}`,
    );
  return first;
}

function notFound(how: string): DiagnosticError {
  return new DiagnosticError("Resource not found", `Resource (image) was not found${how}`);
}
