import { vi } from "vitest";

// A setup file of the project, which Vitest loads before the one of vmrig.
vi.useFakeTimers({ now: new Date("2020-01-01T00:00:00Z") });
