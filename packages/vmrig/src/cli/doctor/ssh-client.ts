import { execa } from "execa";
import type { Finding } from "../../driver/finding.ts";

export async function examineSshClient(env: NodeJS.ProcessEnv): Promise<Finding> {
  const what = "ssh client";
  const result = await execa("ssh", ["-V"], {
    env,
    extendEnv: false,
    stdin: "ignore",
    reject: false,
    timeout: 10_000,
  });
  const version = /^\S*SSH\S*/m.exec(`${result.stderr}\n${result.stdout}`)?.[0]?.replace(/,$/, "");
  if (!result.failed && version !== undefined) return { what, status: "ok", measured: version };
  const measured =
    result.code === "ENOENT"
      ? "no ssh on the PATH; only `vmrig ssh` needs it"
      : `\`ssh -V\` failed: ${result.shortMessage}`;
  return {
    what,
    status: "warn",
    measured,
    fix: "install OpenSSH: apt-get install openssh-client · dnf install openssh-clients",
  };
}
