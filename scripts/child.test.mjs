import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { captureChild, runChild } from "./child.mjs";

const child = fileURLToPath(new URL("child.mjs", import.meta.url));

test("passes an exit code through", async () => {
  expect(await runChild(process.execPath, ["--eval", "process.exit(7)"])).toBe(7);
});

test("reports a signal as a shell does", async () => {
  expect(await runChild(process.execPath, ["--eval", "process.kill(process.pid, 'SIGKILL')"])).toBe(
    137,
  );
});

test("returns both streams, and stdout separately", async () => {
  const { code, stdout, output } = await captureChild("sh", ["-c", "echo out; echo err >&2"]);
  expect({ code, stdout, lines: output.trim().split("\n").sort() }).toEqual({
    code: 0,
    stdout: "out\n",
    lines: ["err", "out"],
  });
});

test("rejects when the program does not exist", async () => {
  await expect(runChild("vmrig-no-such-program", [])).rejects.toThrow("ENOENT");
});

test.each([
  ["SIGINT", 1],
  ["SIGTERM", 1],
  ["SIGHUP", 1],
])(
  "forwards %s once, however often it arrives, and waits for the child's own end",
  async (signal, times) => {
    const inner = `let seen = 0; const beat = setInterval(() => {}, 1000);
    process.on("${signal}", () => { seen += 1; setTimeout(() => { console.log("seen " + seen); process.exit(9); }, 300); });
    console.log("ready");`;
    const outer = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { runChild } from ${JSON.stringify(child)}; process.exitCode = await runChild(process.execPath, ["--eval", ${JSON.stringify(inner)}]);`,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    try {
      let text = "";
      outer.stdout.setEncoding("utf8").on("data", (/** @type {string} */ chunk) => {
        if (!text.includes("ready") && (text + chunk).includes("ready"))
          for (let i = 0; i < 2; i += 1) outer.kill(/** @type {NodeJS.Signals} */ (signal));
        text += chunk;
      });
      const [code] = await once(outer, "close");
      expect(text.trim().split("\n")).toEqual(["ready", `seen ${times}`]);
      expect(code).toBe(9);
    } finally {
      outer.kill("SIGKILL");
    }
  },
);
