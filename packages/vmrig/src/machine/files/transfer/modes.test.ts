import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OTHER_USER } from "../../../ssh/fixtures/sshd.test.kit.ts";
import type { Machine } from "../../machine.ts";
import { useTwoSides } from "../two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
let here: string;
useTwoSides((sides) => ({ pc1, there, here } = sides));

/** A checkout as the umask 002 makes it, with files that git would not make. */
async function makeCheckout(name: string): Promise<string> {
  const checkout = join(here, name);
  await mkdir(join(checkout, "sudoers.d"), { recursive: true });
  for (const [path, mode] of [
    ["run", 0o775],
    ["sudoers.d/all", 0o664],
    ["secret", 0o600],
    ["setuid", 0o4711],
  ] as const) {
    await writeFile(join(checkout, path), path);
    await chmod(join(checkout, path), mode);
  }
  await chmod(join(checkout, "sudoers.d"), 0o2775);
  await chmod(checkout, 0o775);
  return checkout;
}

async function modesOf(machine: Machine, folder: string): Promise<string> {
  const { stdout } = await machine.root.$`cd ${folder} && find . -printf '%P=%m\n' | sort | xargs`;
  return stdout;
}

test("an upload keeps the modes of this computer, or sets those of the options", async () => {
  const checkout = await makeCheckout("checkout");
  for (const machine of [pc1, pc1.root, pc1.as(OTHER_USER)]) {
    await using place = await machine.tmpdir();
    const uploaded = async (options: object): Promise<string> => {
      const to = `${place.path}/with-${Object.values(options).join()}`;
      await machine.upload(checkout, to, options);
      return modesOf(machine, to);
    };
    expect(await uploaded({})).toBe(
      "=775 run=775 secret=600 setuid=4711 sudoers.d/all=664 sudoers.d=2775",
    );
    expect(await uploaded({ mode: "git" })).toBe(
      "=755 run=755 secret=644 setuid=755 sudoers.d/all=644 sudoers.d=755",
    );
    expect(await uploaded({ mode: 0o440, folderMode: 0o550 })).toBe(
      "=550 run=440 secret=440 setuid=440 sudoers.d/all=440 sudoers.d=550",
    );
    expect(await uploaded({ folderMode: 0o700 })).toBe(
      "=700 run=775 secret=600 setuid=4711 sudoers.d/all=664 sudoers.d=700",
    );
  }
});

test("existing folders keep their mode", async () => {
  const checkout = await makeCheckout("checkout-again");
  await pc1.$`mkdir -m 711 ${there}/again`;
  await pc1.upload(checkout, `${there}/again`, { mode: "git" });
  expect(await modesOf(pc1, `${there}/again`)).toContain("=711 run=755");
});

test("a single file gets the mode of the option", async () => {
  const checkout = await makeCheckout("checkout-file");
  const uploaded = async (name: string, options: object): Promise<number> => {
    await pc1.upload(join(checkout, name), `${there}/one`, options);
    return (await pc1.file(`${there}/one`).stat()).mode;
  };
  expect(await uploaded("sudoers.d/all", { mode: 0o440 })).toBe(0o440);
  expect(await uploaded("sudoers.d/all", { mode: "git" })).toBe(0o644);
  expect(await uploaded("setuid", { mode: "git", folderMode: 0o700 })).toBe(0o755);
});

test("an impossible mode is rejected", async () => {
  const checkout = await makeCheckout("checkout-wrong");
  for (const options of [{ mode: 644.5 }, { mode: 0o100644 }, { folderMode: -1 }, { mode: "755" }])
    await expect(pc1.upload(checkout, `${there}/x`, options as object)).rejects.toMatchObject({
      code: "COMMAND_INVALID",
    });
});
