import { VmrigError } from "vmrig/driver";

/** An image as the manifest beside its disk describes it. */
export interface LocalImage {
  readonly name: string;
  /** `recipe:…` or `sha256:…`; a published image is found by it. */
  readonly digest: string;
  /** Path of a qcow2 file. */
  readonly disk: string;
  readonly architecture?: "amd64" | "arm64" | undefined;
  /** Kinds of firmware that boot the disk. */
  readonly firmware?: readonly string[] | undefined;
}

/** What the cloud calls an architecture, and the firmware of its servers of that architecture. */
const ARCHITECTURES = {
  amd64: { architecture: "x86", firmware: "bios" },
  arm64: { architecture: "arm", firmware: "uefi" },
} as const;

export type Architecture = (typeof ARCHITECTURES)[keyof typeof ARCHITECTURES]["architecture"];

/**
 * Returns the cloud's architecture of an image.
 *
 * @throws VmrigError `CONFIG_INVALID` if no server of the cloud boots the image
 */
export function cloudArchitecture(image: LocalImage): Architecture {
  const { name, architecture, firmware = [] } = image;
  const known = architecture && ARCHITECTURES[architecture];
  if (known !== undefined && firmware.includes(known.firmware)) return known.architecture;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The image "${name}" does not boot on a server of Hetzner Cloud.`,
    details: [
      `architecture  ${architecture ?? "not in image.json"}`,
      `firmware      ${firmware.join(", ") || "none in image.json"}`,
    ],
    hint: "an image needs `firmware: bios` for amd64, or `firmware: uefi` for arm64: build debian-13 again with npm run setup",
  });
}
