import type { Image } from "../project/records.ts";

function systemImage(
  id: number,
  name: string,
  architecture: string,
  more: Partial<Image> = {},
): Image {
  const [flavor = "", version = ""] = name.split("-");
  return {
    id,
    type: "system",
    status: "available",
    name,
    description: `${flavor} ${version}`,
    image_size: null,
    disk_size: 5,
    created: "2025-08-11T10:00:00Z",
    created_from: null,
    bound_to: null,
    os_flavor: flavor,
    os_version: version,
    architecture,
    rapid_deploy: true,
    protection: { delete: false },
    deprecated: null,
    deleted: null,
    labels: {},
    ...more,
  };
}

/** A name exists once per architecture. */
export const SYSTEM_IMAGES: readonly Image[] = [
  systemImage(101, "debian-12", "x86"),
  systemImage(102, "debian-12", "arm"),
  systemImage(103, "debian-13", "x86"),
  systemImage(104, "debian-13", "arm"),
  systemImage(105, "ubuntu-24.04", "x86"),
  systemImage(106, "ubuntu-24.04", "arm"),
  systemImage(107, "debian-11", "x86", { deprecated: "2026-08-31T00:00:00Z" }),
  systemImage(108, "docker-ce", "x86", {
    type: "app",
    os_flavor: "ubuntu",
    os_version: "24.04",
    disk_size: 20,
  }),
];
