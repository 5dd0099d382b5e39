import { join } from "node:path";
import { openFolders } from "vmrig/runner";

/** Where QEMU's monitor of the bench machine listens. */
export async function benchQmp(): Promise<string> {
  const { runtime } = await openFolders();
  return join(runtime, "bench-1", "pc1.qmp");
}
