import { writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { resolveMachine } from "../machine-context.ts";
import { defineMachine } from "../machine.test.kit.ts";
import { openQmp } from "../qmp/qmp.ts";
import { listSnapshots } from "./snapshot-records.ts";
import { saveSnapshot } from "./snapshots.ts";
import { listen } from "../qmp/socket-server.test.kit.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

interface Command {
  readonly execute: string;
  readonly id: number;
  readonly arguments?: { readonly "job-id"?: string };
}

const NO_ROOM = "Error while writing VM state: No space left on device";

test("a snapshot that fails on a full disk is not listed, is deleted, and is reported with QEMU's message and the free space", async () => {
  const machine = await resolveMachine(await defineMachine(await tempFolder()));
  const { files } = machine;
  await writeFile(files.disk, "");
  const ran: string[] = [];
  let full = false;
  let job: { readonly id: string | undefined; readonly error?: string } = { id: undefined };
  const { path } = await listen(
    ({ send }) => send({ QMP: {} }),
    ({ execute, id, arguments: given }: Command, { send }) => {
      if (execute.startsWith("snapshot-")) {
        ran.push(execute);
        job = {
          id: given?.["job-id"],
          ...(full && execute === "snapshot-save" && { error: NO_ROOM }),
        };
      }
      send({ id, return: execute === "query-jobs" ? [{ ...job, status: "concluded" }] : {} });
    },
  );
  const qmp = await openQmp({ path, machine: "pc1" });
  onTestFinished(() => qmp[Symbol.asyncDispose]());
  const save = (name: string): Promise<void> =>
    saveSnapshot({ machine, qmp, name, platform: "qemu" });
  await save("pristine");
  await save("baseline-1");
  ran.length = 0;
  full = true;

  await expect(save("baseline-1")).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(
      "The snapshot baseline-1 of pc1 was not taken: the disk has no space for it",
    ),
    details: [expect.stringContaining(NO_ROOM), expect.stringContaining(files.disk)],
  });
  expect(ran).toEqual(["snapshot-delete", "snapshot-save", "snapshot-delete"]);
  expect(await listSnapshots(files)).toEqual(["pristine"]);
});
