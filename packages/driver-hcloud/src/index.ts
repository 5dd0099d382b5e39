/** Driver for vmrig: machines as servers of Hetzner Cloud. */
export { hcloud } from "./driver.ts";
export type { FirewallOptions, HcloudOptions } from "./options.ts";
