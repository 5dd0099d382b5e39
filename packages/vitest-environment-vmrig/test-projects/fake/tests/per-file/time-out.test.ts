import { once } from "node:events";
import { expect, test } from "vitest-environment-vmrig";

test.fails("runs out of time under a command", { timeout: 2000 }, async ({ pc1 }) => {
  const background = pc1.$`echo $$ > background; exec sleep 600`;
  await pc1.$`echo $$ > sleeper; exec sleep 600`;
  await background;
});

test("has left no process behind", async ({ pc1 }) => {
  await pc1.waitUntilSucceeds`! kill -0 $(cat sleeper) && ! kill -0 $(cat background)`;
  expect((await pc1.$`echo alive`).stdout).toBe("alive");
});

test("may leave a command behind, which ends silently with the file", async ({ pc1 }) => {
  const left = pc1.$`echo begun; exec sleep 600`;
  const [begun] = (await once(left.stdout, "data")) as [Buffer];
  expect(String(begun)).toBe("begun\n");
});
