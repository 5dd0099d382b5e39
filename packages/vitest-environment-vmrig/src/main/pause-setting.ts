const ON_FAILURE = "on-failure";

/** Returns whether `VMRIG_PAUSE` asks for pauses and there is a person to end them. */
export function isPauseWanted(say: (line: string) => void): boolean {
  const setting = process.env["VMRIG_PAUSE"] ?? "";
  if (setting === "") return false;
  const { stdin, stdout, env } = process;
  const why =
    setting !== ON_FAILURE
      ? `VMRIG_PAUSE is ${JSON.stringify(setting)}; the only valid value is "${ON_FAILURE}"`
      : !stdin.isTTY || !stdout.isTTY
        ? "there is no terminal to press a key in"
        : (env["CI"] ?? "") === "" || env["CI"] === "false"
          ? undefined
          : "this is CI, where no person can press a key";
  if (why !== undefined) say(`pause    failed tests do not pause: ${why}`);
  return why === undefined;
}
