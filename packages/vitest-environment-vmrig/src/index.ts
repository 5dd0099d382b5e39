/** Public API for test files. */
export { test, test as it, type MachineFixtures } from "./fixtures.ts";
export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from "vitest";
export { evidence } from "./evidence.ts";
export { setupOnce, type SetupFixtures } from "./setup-once.ts";
export type {} from "./matchers.ts";
export type {} from "./provided.ts";
