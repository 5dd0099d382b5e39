import { expect as plain, expectTypeOf } from "vitest";
import { expect, test } from "vitest-environment-vmrig";
import type { FileStat } from "vmrig";

// The suite compiles this file without an import of the config, and never runs it.
test("matchers are promises, by subject, on each expect that there is", ({ pc1, expect: own }) => {
  expectTypeOf(expect(pc1.file("a")).toHaveText)
    .parameter(0)
    .toExtend<string | RegExp | { asymmetricMatch(other: unknown): boolean }>();
  expectTypeOf(expect(pc1.file("a")).toHaveText("x")).toEqualTypeOf<Promise<void>>();
  expectTypeOf(
    expect(pc1.file("a")).not.toHaveText(/x/, { timeout: "10s", interval: 50 }),
  ).toEqualTypeOf<Promise<void>>();
  expectTypeOf(plain(pc1.service("nginx")).toBeRunning()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(own(pc1.port(80)).toBeListening({ timeout: 500 })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect.soft(() => pc1.$`exit 3`).toExitWith(3)).toEqualTypeOf<Promise<void>>();
  expectTypeOf(
    expect(({ signal }: { signal: AbortSignal }) => pc1.$({ signal })`true`).toSucceed(),
  ).toEqualTypeOf<Promise<void>>();
  expectTypeOf(expect(pc1.file("a").stat()).resolves.toHaveProperty("mode")).toEqualTypeOf<
    Promise<void>
  >();
  expectTypeOf(pc1.file("a").stat()).toEqualTypeOf<Promise<FileStat>>();
});
