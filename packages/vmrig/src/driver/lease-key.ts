/**
 * Comment of a lease's key in a machine's `authorized_keys`. It tells the keys of leases from those
 * of the recipe and of tests, which stay.
 */
export const LEASE_KEY_COMMENT = "vmrig-lease";
