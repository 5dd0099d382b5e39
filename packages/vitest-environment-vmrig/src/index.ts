/** Public API for test files. */
export { test, test as it, type MachineFixtures } from "./worker/fixtures.ts";
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from "vitest";
export { evidence } from "./worker/evidence.ts";
export { setupOnce, type SetupFixtures } from "./worker/setup-once.ts";
export type {} from "./worker/matchers.ts";
export type {} from "./provided.ts";
