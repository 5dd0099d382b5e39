/** Result of checking one prerequisite. */
export interface Finding {
  /** Name of the prerequisite: `QEMU`. */
  readonly what: string;
  /** `warn`: works, but slowly or only for a limited time. */
  readonly status: "ok" | "warn" | "fail";
  /** Measured value, on one line: `8.2.2 at /usr/bin/qemu-system-x86_64`. */
  readonly measured: string;
  /** Remedy, on one line. Missing for `ok`. */
  readonly fix?: string;
}
