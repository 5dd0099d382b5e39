import { expect, test } from "vitest";
import { copy, server, SURROUNDINGS } from "./configuration.test.kit.ts";
import { changesOf, startEngine } from "./engine.test.kit.ts";

const IGNORED = ["image", "user_data", "ssh_keys", "public_net"];

test("import blocks adopt all six kinds in one apply that changes nothing", async () => {
  const engine = await startEngine();
  const lifecycle = { ignore_changes: IGNORED };
  const one = server("one", "10.0.1.5", { image: "101", lifecycle });
  await engine.write(copy({ one }));
  await engine.apply();
  const state = Object.entries(await engine.state());
  await engine.forget();
  const ids = state.map(([to, { attributes }]) => ({ to, id: attributes["id"] }));
  await engine.write({ ...copy({ one }), import: ids });
  const changes = changesOf(await engine.plan());
  expect(changes).toEqual({
    ...Object.fromEntries(SURROUNDINGS.map((address) => [address, "import no-op"])),
    "hcloud_server.one":
      "import update ignore_remote_firewall_ids keep_disk network shutdown_before_deletion",
  });
  const before = engine.double.calls.length;
  await engine.apply();
  const methods = new Set(engine.double.calls.slice(before).map(({ method }) => method));
  expect([...methods]).toEqual(["GET"]);
  expect(changesOf(await engine.plan())).toEqual({});
  const { user_data, ssh_keys, public_net } =
    (await engine.state())["hcloud_server.one"]?.attributes ?? {};
  expect([user_data, ssh_keys, public_net]).toEqual([null, null, []]);
});

test("an import without ignored attributes replaces the server", async () => {
  const engine = await startEngine();
  await engine.write(copy({ one: server("one", "10.0.1.5") }));
  await engine.apply();
  const state = Object.entries(await engine.state());
  await engine.forget();
  const ids = state.map(([to, { attributes }]) => ({ to, id: attributes["id"] }));
  await engine.write({ ...copy({ one: server("one", "10.0.1.5") }), import: ids });
  expect(changesOf(await engine.plan())["hcloud_server.one"]).toBe(
    "import delete create ssh_keys user_data",
  );
});
