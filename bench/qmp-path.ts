import { join } from "node:path";
import { openFolders } from "vmrig/runner";

/** Returns the socket of QEMU's monitor of the bench machine. */
export async function benchQmp(): Promise<string> {
  const { runtime } = await openFolders();
  return join(runtime, "bench-1", "pc1.qmp");
}
