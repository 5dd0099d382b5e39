import { readdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

/** Where QEMU's monitor of the bench machine listens; raw tools know no other way to it than to look. */
export async function benchQmp(): Promise<string> {
  const base = `/tmp/vmrig-${userInfo().uid}`;
  const found: string[] = [];
  for (const home of await readdir(base)) {
    const folder = join(base, home, "bench-1");
    if ((await readdir(folder).catch(() => [])).includes("pc1.qmp")) found.push(join(folder, "pc1.qmp"));
  }
  if (found[0] === undefined || found.length > 1) throw new Error(`expected one bench machine in ${base}, found: ${found.join(", ") || "none"}`);
  return found[0];
}
