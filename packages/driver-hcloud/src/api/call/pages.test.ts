import { expect, test } from "vitest";
import { z } from "zod";
import { page, startCloud, type Cloud } from "./cloud.test.kit.ts";
import { readPages } from "./pages.ts";

const read = (cloud: Cloud): Promise<ReadonlyArray<{ readonly id: number }>> =>
  readPages(cloud.client, {
    path: "/servers",
    many: "servers",
    schema: z.object({ id: z.number() }),
    query: { status: ["running", "off"], name: undefined },
    task: "list the servers",
  });

test("a list is read page by page, 50 at a time, until there is no next page", async () => {
  const cloud = await startCloud(({ query }) => {
    const number = Number(query.get("page"));
    return page("servers", [{ id: number }], number < 3 ? number + 1 : null);
  });
  await expect(read(cloud)).resolves.toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  expect(cloud.calls.map(({ query }) => String(query))).toEqual(
    [1, 2, 3].map((number) => `status=running&status=off&page=${number}&per_page=50`),
  );
});

test("a resource that moves to the next page in between is listed once", async () => {
  const cloud = await startCloud((_, index) =>
    index === 0 ? page("servers", [{ id: 1 }, { id: 2 }], 2) : page("servers", [{ id: 2 }]),
  );
  await expect(read(cloud)).resolves.toEqual([{ id: 1 }, { id: 2 }]);
});

test("a next page that does not advance ends the list", async () => {
  const cloud = await startCloud(() => page("servers", [{ id: 1 }], 1));
  await expect(read(cloud)).resolves.toEqual([{ id: 1 }]);
});

test("fields that vmrig does not read may change; one that it reads may not", async () => {
  const cloud = await startCloud((_, index) =>
    page("servers", [index === 0 ? { id: 1, extra: "x" } : { id: "secret" }]),
  );
  await expect(read(cloud)).resolves.toEqual([{ id: 1 }]);
  await expect(read(cloud)).rejects.toMatchObject({
    code: "INTERNAL",
    summary: "A reply of Hetzner Cloud has an unknown form (GET /servers: servers).",
    details: ["0.id: Invalid input: expected number, received string"],
  });
});
