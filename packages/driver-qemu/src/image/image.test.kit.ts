import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../process/run-program.ts";
import { serve } from "./http-server.test.kit.ts";

export const MANIFEST = {
  name: "tiny",
  digest: "sha256:1234",
  disk: "disk.qcow2",
  kernel: "kernel",
  initrd: "initrd",
  append: "root=LABEL=x",
};

export interface ImageDefects {
  /** `null` writes no manifest, a string writes that text. */
  readonly manifest?: object | string | null;
  /** A file to leave out. */
  readonly without?: string;
}

/** Writes an image's files, with the given defects. @returns the folder */
export async function writeImage(folder: string, defects: ImageDefects = {}): Promise<string> {
  const { manifest = MANIFEST, without = "" } = defects;
  await mkdir(folder, { recursive: true });
  for (const name of ["disk.qcow2", "kernel", "initrd"])
    if (name !== without) await writeFile(join(folder, name), `this is ${name}`);
  if (manifest !== null)
    await writeFile(
      join(folder, "image.json"),
      typeof manifest === "string" ? manifest : JSON.stringify(manifest),
    );
  return folder;
}

export interface Archive {
  readonly path: string;
  readonly sha256: string;
}

/** Packs a folder into an archive beside it. */
export async function pack(folder: string): Promise<Archive> {
  const path = `${folder}.tar`;
  await runProgram("tar", ["-czf", path, "-C", folder, "."]);
  return { path, sha256: sha256Of(await readFile(path)) };
}

export function sha256Of(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Serves an archive and counts the requests. */
export async function serveArchive({
  path,
}: Archive): Promise<{ readonly url: string; requests(): number }> {
  let requests = 0;
  const bytes = await readFile(path);
  const url = await serve((_, response) => {
    requests += 1;
    response.end(bytes);
  });
  return { url, requests: () => requests };
}
