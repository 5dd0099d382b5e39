import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { tempFolder } from "../../../local-files/temp-folder.test.kit.ts";
import { stageLocally } from "./local-folder.ts";
import { receiveArchive } from "./receive.ts";

test("a forged archive from a machine writes nothing outside the target folder", async () => {
  const here = await tempFolder();
  const cage = join(here, "cage");
  await mkdir(join(cage, "evil"), { recursive: true });
  await mkdir(join(cage, "into"));
  await writeFile(join(cage, "evil/f"), "evil");
  await symlink(join(cage, "into"), join(cage, "evil/l"));
  const archive = async (transform: string, ...names: readonly string[]): Promise<Buffer> =>
    (
      await promisify(execFile)(
        "tar",
        ["-c", "-P", "-f", "-", "-C", join(cage, "evil"), `--transform=${transform}`, ...names],
        {
          encoding: "buffer",
        },
      )
    ).stdout;
  const archives = [
    await archive("s,^f,../../escaped,", "f"),
    await archive(`s,^f,${join(cage, "absolute")},`, "f"),
    await archive("s,^f,l/through,", "l", "f"),
  ];
  for (const [index, bytes] of archives.entries()) {
    await using staging = await stageLocally(join(cage, `out${index}`));
    await receiveArchive(Readable.from([bytes]), staging, 0, {}).catch(() => {});
    expect([(await readdir(here)).includes("escaped"), await readdir(join(cage, "into"))]).toEqual([
      false,
      [],
    ]);
  }
  expect((await readdir(cage)).toSorted()).toEqual(["evil", "into"]);
});
