import { z } from "zod";
import type { FirewallRule } from "../project/records.ts";
import { canonicalCidr } from "../networks/cidr.ts";

const MAX_RULES = 50;
const MAX_BLOCKS = 100;
const MAX_DESCRIPTION = 255;

const cidr = z.string().transform((text, context) => {
  const canonical = canonicalCidr(text);
  if (canonical !== undefined) return canonical;
  context.addIssue({ code: "custom", message: `${text} is not a CIDR block without host bits` });
  return z.NEVER;
});

const rule = z
  .object({
    direction: z.enum(["in", "out"]),
    protocol: z.enum(["tcp", "udp", "icmp", "esp", "gre"]),
    port: z.string().refine(isPortRange, "must be a port, or a range such as 80-85").optional(),
    source_ips: z.array(cidr).max(MAX_BLOCKS).default([]),
    destination_ips: z.array(cidr).max(MAX_BLOCKS).default([]),
    description: z.string().max(MAX_DESCRIPTION).optional(),
  })
  .superRefine((value, context) => {
    const problem = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const { direction, protocol, port, source_ips, destination_ips } = value;
    if ((protocol === "tcp" || protocol === "udp") !== (port !== undefined))
      problem("port", "is required for tcp and udp, and only there");
    if ((direction === "in") !== source_ips.length > 0)
      problem("source_ips", "is required for direction in, and only there");
    if ((direction === "out") !== destination_ips.length > 0)
      problem("destination_ips", "is required for direction out, and only there");
  })
  .transform((value): FirewallRule => ({
    ...value,
    port: value.port ?? null,
    description: value.description ?? null,
  }));

export const rules = z.array(rule).max(MAX_RULES);

function isPortRange(text: string): boolean {
  const match = /^(?<low>\d{1,5})(?:-(?<high>\d{1,5}))?$/.exec(text);
  const low = Number(match?.groups?.["low"]);
  const high = Number(match?.groups?.["high"] ?? low);
  return low >= 1 && low <= high && high <= 65_535;
}
