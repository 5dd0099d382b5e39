// The linter's configuration. `node scripts/lint/write-config.mjs` writes it to .oxlintrc.json,
// which
// oxlint and editors read; a test fails when the two differ.
import { layerOverrides } from "./layers.mjs";
import { ANY_TIME_RULES, NO_TIMER_MODULE, REAL_TIME_RULES } from "./real-time.mjs";

export const CONFIG = {
  $schema: "./node_modules/oxlint/configuration_schema.json",
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "node"],
  options: { typeAware: true, reportUnusedDisableDirectives: "error" },
  categories: { correctness: "error", suspicious: "error", perf: "error" },
  ignorePatterns: ["**/node_modules/**", "**/dist/**", "**/.vitest/**"],
  rules: {
    // Sequences are the rule here: one machine after another, one look after another.
    "no-await-in-loop": "off",
    // A private name, a redeclared option and a small closure read better than what these three ask
    // for.
    "no-underscore-dangle": "off",
    "no-shadow": "off",
    "unicorn/consistent-function-scoping": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/prefer-set-has": "off",
    "oxc/no-map-spread": "off",
    "promise/always-return": "off",
    "promise/no-promise-in-callback": "off",
    "import/no-unassigned-import": "off",
    // `import type {} from "./x.ts"` loads an augmentation of another package's types.
    "import/no-empty-named-blocks": "off",
    "unicorn/require-module-specifiers": "off",
    // The compiler says it better: noImplicitReturns and the return type.
    "typescript/consistent-return": "off",
    // Checked data is narrowed by assertion where a schema or a test has just looked at it.
    "typescript/no-unsafe-type-assertion": "off",

    "typescript/no-explicit-any": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/no-misused-promises": "error",
    "typescript/only-throw-error": ["error", { allowThrowingUnknown: true }],
    "typescript/return-await": ["error", "error-handling-correctness-only"],
    "typescript/switch-exhaustiveness-check": "error",
    "typescript/no-unsafe-argument": "error",
    "typescript/no-unsafe-assignment": "error",
    "typescript/no-unsafe-call": "error",
    "typescript/no-unsafe-member-access": "error",
    "typescript/no-unsafe-return": "error",
    "typescript/prefer-nullish-coalescing": ["error", { ignorePrimitives: { string: true } }],
    "typescript/prefer-promise-reject-errors": [
      "error",
      { allowThrowingUnknown: true, allowThrowingAny: true },
    ],
    "typescript/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
    "typescript/no-deprecated": "error",
    "typescript/ban-ts-comment": "error",

    eqeqeq: "error",
    "max-lines": ["error", { max: 300 }],
    "no-throw-literal": "error",
    "no-param-reassign": "error",
    "no-var": "error",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-commonjs": "error",
    "import/no-duplicates": "error",
    "import/no-default-export": "error",
    "import/no-mutable-exports": "error",
    "oxc/no-barrel-file": ["error", { threshold: 0 }],
    "oxc/no-const-enum": "error",
    "unicorn/prefer-node-protocol": "error",
    "unicorn/no-abusive-eslint-disable": "error",
  },
  overrides: [
    {
      files: ["packages/*/src/**"],
      rules: { "no-console": "error" },
    },
    {
      files: ["packages/vmrig/src/**"],
      rules: { "unicorn/no-process-exit": "error", ...REAL_TIME_RULES },
    },
    {
      files: ["packages/*-environment-vmrig/src/worker/**"],
      rules: REAL_TIME_RULES,
    },
    {
      files: ["packages/driver-*/src/**"],
      rules: {
        "unicorn/no-process-exit": "error",
        "no-restricted-globals": [
          "error",
          {
            name: "setTimeout",
            message: "Time comes through `Clock`; what waits uses `waitFor` of wait/wait-for.ts.",
          },
          {
            name: "setInterval",
            message: "Time comes through `Clock`; what waits uses `waitFor` of wait/wait-for.ts.",
          },
        ],
      },
    },
    ...layerOverrides(),
    {
      files: ["packages/driver-*/src/**"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            paths: [
              {
                name: "vmrig",
                message:
                  "A driver imports `vmrig/driver` only. What it misses there belongs into the contract.",
              },
            ],
            patterns: [
              {
                group: ["vmrig/*", "!vmrig/driver"],
                message:
                  "A driver imports `vmrig/driver` only. What it misses there belongs into the contract.",
              },
              {
                regex: "^(?:cdktf|constructs)(?:/|$)",
                message: "A driver declares its resources through the `RigStack` that it is given.",
              },
              {
                regex: "^(?:ioredis|redlock)(?:/|$)",
                message: "A driver knows no lease: it gets the fence with each call.",
              },
              {
                regex:
                  "(?:^|/)(?:vmrig|driver-[a-z]+|(?:vitest|jest)-environment-vmrig)/(?:src|dist)/",
                message: "Import another package by its name, never its files.",
              },
            ],
          },
        ],
      },
    },
    {
      files: ["test.ts", "test.kit.ts"]
        .map((end) => `packages/driver-*/src/**/*.${end}`)
        .concat("packages/driver-*/src/**/fixtures/**"),
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                group: [
                  "vmrig/*",
                  "!vmrig/driver",
                  "!vmrig/driver-contract",
                  "!vmrig/driver-terraform",
                ],
                message:
                  "A driver's test imports `vmrig/driver`, `vmrig/driver-contract`, `vmrig/driver-terraform` and the public `vmrig`.",
              },
              {
                regex:
                  "(?:^|/)(?:vmrig|driver-[a-z]+|(?:vitest|jest)-environment-vmrig)/(?:src|dist)/",
                message: "Import another package by its name, never its files.",
              },
            ],
          },
        ],
      },
    },
    {
      files: ["packages/*-environment-vmrig/src/**"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                group: ["vmrig/*", "!vmrig/runner", "!vmrig/worker"],
                message:
                  "A runner's adapter imports only `vmrig`, `vmrig/runner` and `vmrig/worker`. Code that decides about leases, baselines or machines belongs into the package vmrig.",
              },
              {
                regex: "^@vmrig/",
                message:
                  "A runner's adapter never imports a driver: the user's config passes it in.",
              },
              {
                regex: "^(?:cdktf|constructs|ioredis|redlock|ssh2)(?:/|$)",
                message: "A runner's adapter is thin: this belongs into vmrig.",
              },
              NO_TIMER_MODULE,
              {
                regex:
                  "(?:^|/)(?:vmrig|driver-[a-z]+|(?:vitest|jest)-environment-vmrig)/(?:src|dist)/",
                message: "Import another package by its name, never its files.",
              },
            ],
          },
        ],
      },
    },
    {
      files: ["packages/*-environment-vmrig/src/**/*.{test,test.kit}.ts"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                group: ["vmrig/*", "!vmrig/runner", "!vmrig/worker", "!vmrig/driver-fake"],
                message:
                  "An adapter's test imports `vmrig`, `vmrig/runner`, `vmrig/worker` and, for machines without QEMU, `vmrig/driver-fake`.",
              },
              {
                group: ["@vmrig/*", "!@vmrig/hcloud-double"],
                message:
                  "An adapter's test takes its machines from `vmrig/driver-fake`, or from the config of a test project.",
              },
            ],
          },
        ],
      },
    },
    {
      files: ["packages/{hcloud-double,terraform-plugin}/src/**"],
      rules: {
        "no-restricted-imports": [
          "error",
          {
            patterns: [
              {
                regex:
                  "^vmrig(?:/|$)|^@vmrig/(?:driver|hcloud)|/(?:vmrig|driver-[a-z]+)/(?:src|dist)/",
                message:
                  "The double knows the vendor's API and Terraform's protocol, never vmrig: a mistake in vmrig must not be in both.",
              },
            ],
          },
        ],
      },
    },
    // Exceptions, each with its reason.
    // The one module that captures the real time.
    { files: ["packages/vmrig/src/clock/real-time.ts"], rules: ANY_TIME_RULES },
    // A construct of cdktf adds itself to its parent.
    {
      files: ["packages/vmrig/src/provision/cdktf.ts", "infra/control-plane/stack/write-stack.ts"],
      rules: { "no-new": "off" },
    },
    { files: ["packages/vmrig/src/cli/**"], rules: { "no-console": "off" } },
    // Entry points of processes of their own.
    {
      files: ["packages/vmrig/src/{cli,gate}/main.ts"],
      rules: { "unicorn/no-process-exit": "off" },
    },
    {
      files: [
        "packages/*/src/index.ts",
        "packages/vmrig/src/driver/**/index.ts",
        "packages/vmrig/src/runner.ts",
      ],
      rules: { "oxc/no-barrel-file": "off" },
    },
    {
      // Hosts that demand a default export: Vitest's environments, reporters and configs.
      files: [
        "**/*.config.ts",
        "**/environment.ts",
        "**/global-setup.ts",
        "scripts/closing-line.mjs",
      ],
      rules: { "import/no-default-export": "off" },
    },
    {
      files: ["**/*.test.ts", "**/*.test.kit.ts", "**/*.test.mjs"],
      plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "node", "vitest"],
      rules: {
        // Vitest's asymmetric matchers are typed `any`, and `expect(object.method)` is how a claim
        // about one reads.
        "typescript/no-unsafe-assignment": "off",
        "typescript/no-unsafe-argument": "off",
        "typescript/unbound-method": "off",
        "vitest/no-focused-tests": "error",
        "vitest/no-disabled-tests": "error",
        "vitest/no-identical-title": "error",
        // Vitest's own `requireAssertions` sees what really ran.
        "vitest/expect-expect": "off",
        "vitest/no-conditional-expect": "off",
        "vitest/require-mock-type-parameters": "off",
        ...ANY_TIME_RULES,
      },
    },
    {
      files: ["scripts/**", "bench/**", "chaos/**", "examples/**", ".ci/**", "infra/**"],
      rules: { "no-console": "off" },
    },
  ],
};
