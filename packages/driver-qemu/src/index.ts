export { qemu, type QemuOptions } from "./driver.ts";
export type { ImageSource } from "./image/image.ts";
export type { Accelerator } from "./process/accelerator.ts";
