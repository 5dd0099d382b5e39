import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Machine } from "../../machine.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";

const run = promisify(execFile);

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

// Only root can set capabilities. Without root or setcap(8) the tests are not registered.
if (process.getuid?.() === 0 && existsSync("/sbin/setcap")) {
  const capabilities = async (machine: Machine, path: string): Promise<string> =>
    (await machine.$`/sbin/getcap ${path}`).stdout.replace(`${path} `, "");

  async function makeTools(name: string): Promise<string> {
    const tools = join(here, name);
    await mkdir(join(tools, "bin"), { recursive: true });
    await writeFile(join(tools, "plain"), "plain");
    await copyFile("/bin/true", join(tools, "bin/ping"));
    await run("/sbin/setcap", ["cap_net_raw+ep", join(tools, "bin/ping")]);
    return tools;
  }

  test("root keeps capabilities, in a folder and in a single file", async () => {
    const tools = await makeTools("tools");
    const result = await pc1.root.upload(tools, `${there}/tools`);
    expect(result).toMatchObject({ files: 2, leftOut: [] });
    expect(await capabilities(pc1, `${there}/tools/bin/ping`)).toBe("cap_net_raw=ep");
    await pc1.root.upload(join(tools, "bin/ping"), `${there}/ping`);
    expect(await capabilities(pc1, `${there}/ping`)).toBe("cap_net_raw=ep");
    const back = join(here, "tools-back");
    expect(await pc1.download(`${there}/tools`, back)).toMatchObject({ leftOut: [] });
    expect((await run("/sbin/getcap", [join(back, "bin/ping")])).stdout).toContain(
      "cap_net_raw=ep",
    );
  });

  test("another user cannot set capabilities, and the result says so", async () => {
    const tools = await makeTools("tools-of-user");
    const why = "security.capability: Operation not permitted";
    const folder = await pc1.upload(tools, `${there}/tools-of-user`);
    expect(folder).toMatchObject({ files: 2, leftOut: [{ path: "bin/ping", why }] });
    const file = await pc1.upload(join(tools, "bin/ping"), `${there}/ping-of-user`);
    expect(file.leftOut).toEqual([{ path: join(tools, "bin/ping"), why }]);
    const inPlace = await pc1.upload(join(tools, "bin/ping"), `${there}/ping-of-user`, {
      atomic: false,
    });
    expect(inPlace.leftOut).toEqual([
      {
        path: join(tools, "bin/ping"),
        why: "its extended attributes, which include capabilities",
      },
    ]);
  });
}
