import type { Deprecation } from "./offers.ts";

/** A disc that a server boots from, as the API shows it. */
export interface Iso {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly type: string;
  /** Null: for all. */
  readonly architecture: string | null;
  readonly deprecation: Deprecation | null;
}

export const ISOS: readonly Iso[] = [
  {
    id: 201,
    name: "debian-13.1.0-amd64-netinst.iso",
    description: "Debian 13.1 amd64",
    type: "public",
    architecture: "x86",
    deprecation: null,
  },
  {
    id: 202,
    name: "debian-13.1.0-arm64-netinst.iso",
    description: "Debian 13.1 arm64",
    type: "public",
    architecture: "arm",
    deprecation: null,
  },
  {
    id: 203,
    name: "virtio-drivers.iso",
    description: "Drivers for Windows",
    type: "public",
    architecture: null,
    deprecation: null,
  },
];

/** Applies the filters `architecture` and `include_architecture_wildcard`. */
export function forArchitectures(isos: readonly Iso[], query: URLSearchParams): readonly Iso[] {
  const wanted = query.getAll("architecture").filter((value) => value !== "");
  if (wanted.length === 0) return isos;
  // hcloud-python sends `True`.
  const withWildcard = /^true$/i.test(query.get("include_architecture_wildcard") ?? "");
  return isos.filter(({ architecture }) =>
    architecture === null ? withWildcard : wanted.includes(architecture),
  );
}
