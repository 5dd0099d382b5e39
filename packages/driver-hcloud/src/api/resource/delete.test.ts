import { expect, test } from "vitest";
import { refusal, startCloud } from "../call/cloud.test.kit.ts";
import { action } from "../replies.test.kit.ts";
import { deleteServer } from "../servers.ts";
import { deleteSshKey } from "../ssh-keys.ts";

const of = { id: 5, name: "pc1" };

test("a deletion returns its action, because the name is free only when that has ended", async () => {
  const cloud = await startCloud(() => ({
    body: { action: action({ command: "delete_server" }) },
  }));
  const actions = await deleteServer(cloud.client, { of });
  expect(actions.map(({ command, status }) => `${command} ${status}`)).toEqual([
    "delete_server running",
  ]);
  expect(cloud.lines()).toEqual(["DELETE /servers/5"]);
});

test("a deletion that is answered with 204 has no action", async () => {
  const cloud = await startCloud(() => ({ status: 204 }));
  await expect(deleteSshKey(cloud.client, { of })).resolves.toEqual([]);
});

test("what is gone already is deleted", async () => {
  const cloud = await startCloud(() => refusal(404, "not_found"));
  await expect(deleteServer(cloud.client, { of })).resolves.toEqual([]);
});

test("a deletion whose reply was lost is repeated, and may find nothing any more", async () => {
  const cloud = await startCloud((_, index) => (index === 0 ? "cut" : refusal(404, "not_found")));
  await expect(deleteServer(cloud.client, { of })).resolves.toEqual([]);
  expect(cloud.lines()).toEqual(["DELETE /servers/5", "DELETE /servers/5"]);
});

test("what is protected is not deleted", async () => {
  const cloud = await startCloud(() => refusal(423, "protected"));
  await expect(deleteServer(cloud.client, { of })).rejects.toMatchObject({ apiCode: "protected" });
});
