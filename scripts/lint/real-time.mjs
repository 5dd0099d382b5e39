// Rules that keep vmrig away from the timers and clocks that a test can fake.

const REMEDY =
  "A test can fake it: vi.useFakeTimers(). Take the time from `Clock`, wait with `waitFor` of wait/wait-for.ts, and take the rest from clock/real-time.ts.";

const GLOBALS = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "performance",
  "Date",
];

const PROCESS_METHODS = ["hrtime", "nextTick"];

/** The rules for code that may run in a test worker. */
export const REAL_TIME_RULES = {
  "no-restricted-globals": ["error", ...GLOBALS.map((name) => ({ name, message: REMEDY }))],
  "no-restricted-properties": [
    "error",
    ...PROCESS_METHODS.map((property) => ({ object: "process", property, message: REMEDY })),
    ...GLOBALS.map((property) => ({ object: "globalThis", property, message: REMEDY })),
  ],
};

/** Switches off {@link REAL_TIME_RULES}, for the module that captures the real time and for tests. */
export const ANY_TIME_RULES = {
  "no-restricted-globals": "off",
  "no-restricted-properties": "off",
};

/** Modules of Node.js whose functions `fakeNodeBuiltins` and sinon replace. */
export const NO_TIMER_MODULE = {
  regex: "^(?:node:)?(?:timers(?:/promises)?|perf_hooks|process)$",
  message: REMEDY,
};

/** Packages that use timers in a test worker. */
export const NO_PACKAGE_WITH_TIMERS = {
  regex: "^(?:ssh2|undici|@xterm/headless)(?:/|$)",
  allowTypeImports: true,
  message:
    "It looks up the global timers in each call, and a test can fake them. Load it with `loadWithRealTime` of clock/load-with-real-time.ts.",
};
