import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isVmrigError, type Finding } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./process/accelerator.ts";
import { firstLine } from "./first-line.ts";
import { findImage, type ImageSource } from "./image/image.ts";
import { emulatesReliably, findQemu, requireProgram } from "./process/qemu-binary.ts";
import { runProgram } from "./process/run-program.ts";

export interface DiagnoseOptions {
  readonly image: ImageSource;
  readonly accel: Accelerator | "auto";
  readonly cacheFolder: string;
}

/** Looks at all that machines of this driver need on this computer; fetches nothing. */
export async function diagnose(options: DiagnoseOptions): Promise<readonly Finding[]> {
  const accelerator = look("accelerator", () => ofAccelerator(options.accel));
  const emulated = (await accelerator).status === "warn";
  return await Promise.all([
    look("QEMU", () => ofQemu(options.cacheFolder, emulated)),
    accelerator,
    look("qemu-img", () =>
      ofProgram(
        "qemu-img",
        "apt-get install qemu-utils · dnf install qemu-img · brew install qemu",
        ["--version"],
      ),
    ),
    look("vde_switch", () =>
      ofProgram("vde_switch", "apt-get install vde2 · dnf install vde2 · brew install vde", [
        "--version",
      ]),
    ),
    look("machine image", () => ofImage(options)),
  ]);
}

type Seen = Omit<Finding, "what">;

async function look(what: string, examine: () => Promise<Seen>): Promise<Finding> {
  try {
    return { what, ...(await examine()) };
  } catch (error) {
    const said = isVmrigError(error)
      ? [error.summary, ...error.details].join(" ")
      : firstLine(error);
    return {
      what,
      status: "fail",
      measured: said,
      ...(isVmrigError(error) && error.hint !== undefined && { fix: error.hint }),
    };
  }
}

async function ofQemu(cacheFolder: string, emulated: boolean): Promise<Seen> {
  const { path, version } = await findQemu(cacheFolder);
  const measured = `${version} at ${path}`;
  if (!emulated || emulatesReliably(version)) return { status: "ok", measured };
  return {
    status: "warn",
    measured: `${measured} lets emulated machines crash at random`,
    fix: "use QEMU 8.2 or newer, or a computer with KVM",
  };
}

function ofAccelerator(wish: Accelerator | "auto"): Promise<Seen> {
  const { accelerator, why } = resolveAccelerator(wish, measureAccelerator());
  if (accelerator === "kvm") return Promise.resolve({ status: "ok", measured: `kvm (${why})` });
  const fix =
    "add yourself to the group kvm, or switch virtualisation on in the firmware or in the host above";
  return Promise.resolve({ status: "warn", measured: `tcg, about ten times slower (${why})`, fix });
}

async function ofProgram(name: string, packages: string, ask: readonly string[]): Promise<Seen> {
  const path = requireProgram(name, packages);
  const said = await runProgram(path, ask, { timeoutMs: 10_000 });
  return {
    status: "ok",
    measured: `${/\d+(?:\.\d+)+/.exec(said)?.[0] ?? "version not known"} at ${path}`,
  };
}

async function ofImage({ image, cacheFolder }: DiagnoseOptions): Promise<Seen> {
  if (
    typeof image !== "string" &&
    !(await isThere(join(cacheFolder, "images", `sha256-${image.sha256.toLowerCase()}`)))
  ) {
    return {
      status: "warn",
      measured: `not here yet; the first run fetches it from ${image.url}`,
      fix: "nothing to do, but for a computer without network",
    };
  }
  const { name, digest } = await findImage(image, cacheFolder);
  return { status: "ok", measured: `${name}, ${digest}` };
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
