import type { Finding } from "../../driver/finding.ts";

const OLDEST = [22, 12] as const;

export function examineNode(version: string): Finding {
  const what = "Node.js";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))
    return { what, status: "ok", measured: version };
  return {
    what,
    status: "fail",
    measured: `${version} is older than ${OLDEST.join(".")}`,
    fix: "install Node.js 24 LTS: https://nodejs.org",
  };
}
