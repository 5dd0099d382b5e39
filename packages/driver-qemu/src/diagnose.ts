import { join } from "node:path";
import { isVmrigError, type Finding } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator, type Accelerator } from "./process/accelerator.ts";
import { fileExists } from "./file-exists.ts";
import { firstLine } from "./first-line.ts";
import { findImage, type ImageSource } from "./image/image.ts";
import { PACKAGES } from "./process/packages.ts";
import { emulatesReliably, findQemu, requireProgram } from "./process/qemu-binary.ts";
import { runProgram } from "./process/run-program.ts";

export interface DiagnoseOptions {
  readonly image: ImageSource;
  readonly accel: Accelerator | "auto";
  readonly cacheFolder: string;
}

/** Checks all prerequisites of this driver on this computer; fetches nothing. */
export async function diagnose(options: DiagnoseOptions): Promise<readonly Finding[]> {
  const accelerator = check("accelerator", () => ofAccelerator(options.accel));
  const emulated = (await accelerator).status === "warn";
  return await Promise.all([
    check("QEMU", () => ofQemu(options.cacheFolder, emulated)),
    accelerator,
    check("qemu-img", () => ofProgram("qemu-img")),
    check("vde_switch", () => ofProgram("vde_switch")),
    check("machine image", () => ofImage(options)),
  ]);
}

type Result = Omit<Finding, "what">;

async function check(what: string, examine: () => Promise<Result>): Promise<Finding> {
  try {
    return { what, ...(await examine()) };
  } catch (error) {
    const reason = isVmrigError(error)
      ? [error.summary, ...error.details].join(" ")
      : firstLine(error);
    return {
      what,
      status: "fail",
      measured: reason,
      ...(isVmrigError(error) && error.hint !== undefined && { fix: error.hint }),
    };
  }
}

async function ofQemu(cacheFolder: string, emulated: boolean): Promise<Result> {
  const { path, version } = await findQemu(cacheFolder);
  const measured = `${version} at ${path}`;
  if (!emulated || emulatesReliably(version)) return { status: "ok", measured };
  return {
    status: "warn",
    measured: `${measured}; emulated machines crash at random with it`,
    fix: "use QEMU 8.2 or newer, or a computer with KVM",
  };
}

function ofAccelerator(requested: Accelerator | "auto"): Promise<Result> {
  const { accelerator, why } = resolveAccelerator(requested, measureAccelerator());
  if (accelerator === "kvm") return Promise.resolve({ status: "ok", measured: `kvm (${why})` });
  const fix =
    "add yourself to the group kvm, or switch virtualisation on in the firmware or in the host above";
  return Promise.resolve({ status: "warn", measured: `tcg, about ten times slower (${why})`, fix });
}

async function ofProgram(name: keyof typeof PACKAGES): Promise<Result> {
  const path = requireProgram(name, PACKAGES[name]);
  const printed = await runProgram(path, ["--version"], { timeoutMs: 10_000 });
  return {
    status: "ok",
    measured: `${/\d+(?:\.\d+)+/.exec(printed)?.[0] ?? "version unknown"} at ${path}`,
  };
}

async function ofImage({ image, cacheFolder }: DiagnoseOptions): Promise<Result> {
  if (
    typeof image !== "string" &&
    !(await fileExists(join(cacheFolder, "images", `sha256-${image.sha256.toLowerCase()}`)))
  ) {
    return {
      status: "warn",
      measured: `not fetched yet; the first run fetches it from ${image.url}`,
      fix: "nothing to do, unless this computer has no network",
    };
  }
  const { name, digest } = await findImage(image, { cacheFolder });
  return { status: "ok", measured: `${name}, ${digest}` };
}
