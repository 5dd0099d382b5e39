import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PACKAGE } from "../../src/build-package.ts";

const read = (...path: string[]): Promise<string> => readFile(join(PACKAGE, ...path), "utf8");

describe.each(["1.0.0", "2.0.0"])("release %s", (version) => {
  test("contains its own version", async () => {
    expect(await read(version, "DEBIAN/control")).toContain(`\nVersion: ${version}\n`);
    expect(await read(version, "usr/sbin/tallyd")).toContain(`"${version} listens on`);
  });

  test("lists all of its files in /etc as files that an upgrade keeps", async () => {
    const brought = await readdir(join(PACKAGE, version, "etc"));
    expect(await read("common/DEBIAN/conffiles")).toBe(
      brought.map((name) => `/etc/${name}\n`).join(""),
    );
  });
});
