import { join } from "node:path";
// oxlint-disable-next-line no-restricted-imports -- another person of the same Redis: `vmrig` has no public way to be one yet
import type { LeaseStore, openLeaseStore } from "../../vmrig/dist/lease/lease-store.js";
// oxlint-disable-next-line no-restricted-imports -- another person of the same Redis: `vmrig` has no public way to be one yet
import type { embeddedRedis } from "../../vmrig/dist/lease/embedded-redis.js";
// oxlint-disable-next-line no-restricted-imports -- another person of the same Redis: `vmrig` has no public way to be one yet
import type { LeaseView } from "../../vmrig/dist/lease/lease-view.js";
import type { Home } from "./home.test.kit.ts";

/** Bob, at another terminal of the same home: he uses the same Redis, and no Vitest. */
export interface Somebody extends AsyncDisposable {
  view(): Promise<LeaseView>;
  /** Leases a copy, waiting in line for it. @returns gives it back */
  hold(copy?: string): Promise<() => Promise<void>>;
  /** Takes a lease away from whoever holds the copy, as `vmrig release --force` does, and has it himself from then on. */
  takeAway(copy?: string): Promise<void>;
}

const BOB = { who: "bob", host: "laptop", command: "vmrig release --force", session: "bob" };

/** For a rig "pcs". */
export async function openSomebody({ folders }: Home, copies: readonly string[] = ["pcs-1"]): Promise<Somebody> {
  const lease = async <T>(file: string): Promise<T> => (await import(new URL(`lease/${file}`, import.meta.resolve("vmrig")).href)) as T;
  const redis = await lease<{ embeddedRedis: typeof embeddedRedis }>("embedded-redis.js");
  const leases = await lease<{ openLeaseStore: typeof openLeaseStore }>("lease-store.js");
  const address = await redis.embeddedRedis({ folder: join(folders.runtime, "redis"), dataFolder: join(folders.state, "redis") });
  const store: LeaseStore = await leases.openLeaseStore({ redis: address });
  const rig = { rig: "pcs", copies };
  const hold: Somebody["hold"] = async (copy = "pcs-1") => {
    const held = await store.acquire({ ...rig, accept: [copy] }, { holder: { ...BOB, command: "vitest run" }, waitForMs: 30_000 });
    return () => held.release();
  };
  return {
    view: () => store.view(rig),
    hold,
    async takeAway(copy = "pcs-1") {
      const { copies: states } = await store.view(rig);
      const fence = states.find((state) => state.copy === copy)?.fence ?? 0;
      const cut = await store.revoke({ rig: rig.rig, copy, fence, by: BOB });
      if (cut === undefined) throw new Error(`nobody holds ${copy}`);
      await hold(copy);
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
