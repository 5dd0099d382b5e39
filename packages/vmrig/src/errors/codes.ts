/**
 * Who has to act: the author of the config, the owner of the tested system, the operator of the
 * infrastructure, or the authors of vmrig.
 */
export type Fault = "user" | "test" | "infra" | "bug";

/**
 * Every error code of vmrig with its fault. A code is part of the public contract: vmrig never
 * renames a code, and each code has an anchor in `docs/reference/errors.md`.
 */
export const CODES = {
  CONFIG_NOT_FOUND: "user",
  CONFIG_UNREADABLE: "user",
  CONFIG_INVALID: "user",
  PLUGIN_MISPLACED: "user",
  UNKNOWN_MACHINE: "user",
  CAPABILITY_MISSING: "user",
  PREPARE_FAILED: "user",
  PLAN_REFUSED: "user",
  CONFIRMATION_MISSING: "user",
  COMMAND_INVALID: "user",
  MATCHER_MISUSED: "user",
  EVIDENCE_MISPLACED: "user",

  COMMAND_FAILED: "test",
  COMMAND_TIMEOUT: "test",
  WAIT_TIMEOUT: "test",
  WAIT_FAILED: "test",
  SHELL_ENDED: "test",
  FILE_FAILED: "test",
  INSPECTION_FAILED: "test",
  MACHINE_OFF: "test",
  FAULT_FAILED: "test",
  CHECKPOINT_UNKNOWN: "test",
  FORWARD_FAILED: "test",
  FETCH_FAILED: "test",
  SETUP_FAILED: "test",
  LEFT_BEHIND: "test",
  NEXT_TICK_FAKED: "test",

  RIG_BUSY: "infra",
  LEASE_LOST: "infra",
  FENCED: "infra",
  REDIS_SPLIT: "infra",
  REDIS_MISSING: "infra",
  REDIS_UNREACHABLE: "infra",
  FOLDER_UNSAFE: "infra",
  HOME_SHARED: "infra",
  TERRAFORM_MISSING: "infra",
  TERRAFORM_FAILED: "infra",
  STATE_LOST: "infra",
  STATE_UNSAVED: "infra",
  STATE_UNWRITABLE: "infra",
  STATE_UNREACHABLE: "infra",
  STATE_KEY_MISSING: "infra",
  CLOUD_UNREACHABLE: "infra",
  CLOUD_REFUSED: "infra",
  CLOUD_ACTION_FAILED: "infra",
  IMAGE_MISSING: "infra",
  IMAGE_MISMATCH: "infra",
  QEMU_MISSING: "infra",
  QEMU_FAILED: "infra",
  SSH_MISSING: "infra",
  MACHINE_MISSING: "infra",
  MACHINE_UNREACHABLE: "infra",
  HOST_KEY_MISMATCH: "infra",
  LOGIN_REFUSED: "infra",
  CONNECTION_LOST: "infra",
  ROLLBACK_FAILED: "infra",
  UPGRADE_FAILED: "infra",
  MACHINE_BROKEN: "infra",
  RIG_BROKEN: "infra",
  GATE_LOST: "infra",
  CANCELLED: "infra",

  INTERNAL: "bug",
} as const satisfies Record<string, Fault>;

export type ErrorCode = keyof typeof CODES;
