export { startDoubleProcess, type DoubleProcess } from "./control/double-process.ts";
export { HcloudDouble, type DoneCall, type HcloudDoubleOptions } from "./hcloud-double.ts";
export type { RequestFault } from "./http/request-faults.ts";
export { qemuBackend, type QemuBackend, type QemuBackendOptions } from "./qemu/qemu-backend.ts";
export type { BackendServer, Boot, ServerBackend } from "./servers/backend.ts";
export { installProvider, type InstalledHcloudProvider } from "./terraform/install-provider.ts";
