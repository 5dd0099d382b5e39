/**
 * A resource of a machine that a test queries: a service, a package, a port. Queries change
 * nothing. Each one is a single round trip.
 */
export interface QueryTarget<Kind extends string> {
  readonly kind: Kind;
  /** Name of the machine: `pc1`. */
  readonly machine: string;
  /** User that runs the query. */
  readonly user: string;
  /** Description for error messages: `service nginx.service`. */
  readonly title: string;
}
