/** Where the states of a rig are stored: `state` in the config. */
export type StateOptions =
  /** In the folder of each copy on this computer. */
  | { readonly store: "file" }
  /** In the Redis of the leases. */
  | { readonly store: "redis" }
  | {
      readonly store: "pg";
      /** `postgres://user@host:5432/database?sslmode=verify-full`; the password from `PGPASSWORD` */
      readonly url: string;
      /** @defaultValue `vmrig` */
      readonly schema?: string | undefined;
    }
  | {
      readonly store: "s3";
      readonly bucket: string;
      readonly region: string;
      /** URL of a server other than Amazon's. */
      readonly endpoint?: string | undefined;
      /** Whether the bucket is part of the path, not of the host name. @defaultValue false */
      readonly pathStyle?: boolean | undefined;
      /** First part of every key. @defaultValue `vmrig` */
      readonly prefix?: string | undefined;
    };
