import { NO_PACKAGE_WITH_TIMERS, NO_TIMER_MODULE } from "./real-time.mjs";

/**
 * The folders of `packages/vmrig/src`, lower to upper: a folder imports only what stands above it
 * in this list. CONTRIBUTING.md shows the same list; a test compares the two.
 */
export const LAYERS = [
  "errors",
  "clock",
  "wait",
  "local-files",
  "ssh",
  "driver",
  "redis",
  "lease",
  "provision",
  "baseline",
  "machine",
  "matchers",
  "evidence",
  "config",
  "protocol",
  "gate",
  "worker",
  "launcher",
  "operations",
  "cli",
];

const NO_CDKTF = {
  regex: "^(?:cdktf|constructs)(?:/|$)|(?:^|/)cdktf\\.ts$",
  message:
    "cdktf takes 200 ms to import. Only provision/cdktf.ts imports it, and only provision/synthesize.ts imports that file, with `await import()`.",
};

const NO_OTHER_PACKAGE = {
  regex: "^@vmrig/|(?:vitest|jest)-environment-vmrig|^vmrig(?:/|$)",
  message:
    "vmrig imports no driver and no test runner: the user's config passes the driver in. Within the package, import files by relative path.",
};

/** Starts like {@link NO_OTHER_PACKAGE}, but for the plugin protocol of the test cloud's provider. */
const NO_OTHER_BUT_PLUGIN = {
  ...NO_OTHER_PACKAGE,
  regex: "^@vmrig/(?:driver|hcloud)|(?:vitest|jest)-environment-vmrig|^vmrig(?:/|$)",
};

/** The linter's overrides that enforce {@link LAYERS}. A later override replaces an earlier one. */
export function layerOverrides() {
  return [
    ...LAYERS.map((folder) =>
      restrict(`packages/vmrig/src/${folder}/**`, [
        ...upward(folder),
        NO_CDKTF,
        NO_OTHER_PACKAGE,
        ...noTimers(folder),
      ]),
    ),
    // A test may start what uses the module under test: a lease store for Redis, a gate for its
    // protocol.
    restrict("packages/vmrig/src/**/*.test.ts", [NO_CDKTF, NO_OTHER_PACKAGE]),
    restrict("packages/vmrig/src/provision/fixtures/**", [
      ...upward("provision"),
      NO_CDKTF,
      NO_OTHER_BUT_PLUGIN,
      ...noTimers("provision"),
    ]),
    restrict("packages/vmrig/src/provision/{cdktf,synthesize}{,.test}.ts", [
      ...upward("provision"),
      NO_OTHER_PACKAGE,
      ...noTimers("provision"),
    ]),
  ];
}

/** @param {string} folder */
function noTimers(folder) {
  if (folder === "clock") return [];
  // The SSH server of a fake machine runs in the machine's own process.
  return folder === "driver" ? [NO_TIMER_MODULE] : [NO_TIMER_MODULE, NO_PACKAGE_WITH_TIMERS];
}

/** @param {string} folder */
function upward(folder) {
  const position = LAYERS.indexOf(folder);
  const above = LAYERS.slice(0, position);
  const below = LAYERS.slice(position + 1);
  if (below.length === 0) return [];
  return [
    {
      regex: `^(?:\\.\\./)+(?:${below.join("|")})/`,
      message: `${folder}/ may import ${above.length > 0 ? above.join(", ") : "no other folder"}. Move the shared code down, or pass it in: CONTRIBUTING.md, "Import directions".`,
    },
  ];
}

/**
 * @param {string} files
 * @param {readonly { regex: string, message: string, allowTypeImports?: boolean }[]} patterns
 */
function restrict(files, patterns) {
  return { files: [files], rules: { "no-restricted-imports": ["error", { patterns }] } };
}
