import type { Finding } from "../driver.ts";

/** What fake machines need of a computer. */
export function diagnosis(platform: NodeJS.Platform): Finding {
  const what = "fake machines";
  if (platform === "linux")
    return {
      what,
      status: "ok",
      measured: "they isolate nothing: their commands run on this computer, as you",
    };
  return {
    what,
    status: "fail",
    measured: `this is ${platform}`,
    fix: "use Linux: only there their processes can be told from all others",
  };
}
