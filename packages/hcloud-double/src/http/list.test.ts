import { expect, test } from "vitest";
import { refusal, startDouble, type Client } from "../hcloud-double.test.kit.ts";

async function createGroups({ done }: Client, names: readonly string[]): Promise<void> {
  for (const name of names) await done("POST", "/placement_groups", { name, type: "spread" });
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `g${index}`);

test("a list has 25 entries a page, at most 50, and says where the others are", async () => {
  const client = await startDouble();
  await createGroups(client, numbered(60));

  const first = await client.call("GET", "/placement_groups");
  expect(first.body).toMatchObject({
    placement_groups: { length: 25 },
    meta: {
      pagination: {
        page: 1,
        per_page: 25,
        previous_page: null,
        next_page: 2,
        last_page: 3,
        total_entries: 60,
      },
    },
  });
  const second = await client.call("GET", "/placement_groups?per_page=500&page=2");
  expect(second.body).toMatchObject({
    placement_groups: { length: 10 },
    meta: { pagination: { per_page: 50, previous_page: 1, next_page: null } },
  });
  const { endpoint } = client.double;
  expect(second.headers.get("link")).toBe(
    `<${endpoint}/placement_groups?per_page=500&page=1>; rel="prev", ` +
      `<${endpoint}/placement_groups?per_page=500&page=2>; rel="last"`,
  );
});

test("a page after the last one is empty, and page 0 is refused", async () => {
  const { call } = await startDouble();
  expect((await call("GET", "/locations?page=9")).body).toMatchObject({ locations: [] });
  expect(await call("GET", "/locations?page=0")).toMatchObject(
    refusal(422, "invalid_input", "page"),
  );
});

test("lists are sorted by several fields, and refuse others", async () => {
  const client = await startDouble({ now: () => 0 });
  await createGroups(client, ["b", "c", "a"]);
  const names = async (sort: string) => {
    const { body } = await client.call("GET", `/placement_groups?${sort}`);
    const { placement_groups } = body as unknown as { placement_groups: { name: string }[] };
    return placement_groups.map(({ name }) => name).join("");
  };

  expect(await names("")).toBe("bca");
  expect(await names("sort=name")).toBe("abc");
  expect(await names("sort=created:desc&sort=name:desc")).toBe("cba");
  expect(await names("sort=id:desc")).toBe("acb");
  expect(await client.call("GET", "/placement_groups?sort=size")).toMatchObject(
    refusal(422, "invalid_input", "sort"),
  );
});

test("a repeated filter means either", async () => {
  const client = await startDouble();
  await createGroups(client, ["a", "b", "c"]);
  expect((await client.call("GET", "/placement_groups?name=a&name=c")).body).toMatchObject({
    placement_groups: [{ name: "a" }, { name: "c" }],
  });
  expect((await client.call("GET", "/placement_groups?name=A")).body).toMatchObject({
    placement_groups: [],
  });
});
