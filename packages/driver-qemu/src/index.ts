export { qemu, type QemuOptions } from "./driver.ts";
export type { ImageSource } from "./image.ts";
export type { Accelerator } from "./accelerator.ts";
