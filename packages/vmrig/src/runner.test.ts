import { execa } from "execa";
import { expect, test } from "vitest";

// The runner waits for this module in each run, also when no test needs a machine.
test("the entry point for runners loads no library", async () => {
  const script = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(name, context, next) {
        const module = next(name, context);
        console.log(module.url);
        return module;
      },
    });
    await import(${JSON.stringify(new URL("runner.ts", import.meta.url).href)});`;
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", script]);
  const urls = [...new Set(stdout.split("\n"))];
  expect(urls).toContain(new URL("launcher/spawn-gate.ts", import.meta.url).href);
  const own = new URL(".", import.meta.url).href;
  expect(urls.filter((url) => !url.startsWith(own) && !url.startsWith("node:"))).toEqual([]);
});
