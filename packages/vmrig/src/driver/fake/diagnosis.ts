import type { Finding } from "../finding.ts";

/** Reports whether this computer can run fake machines. */
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
    fix: "use Linux: only there can vmrig recognise the processes of a fake machine",
  };
}
