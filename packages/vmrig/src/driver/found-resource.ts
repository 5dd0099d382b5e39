/** A resource of a Terraform provider that exists under the labels of a copy, in a state or not. */
export interface FoundResource {
  /** Its address in the stack: `hcloud_server.pc1`. */
  readonly address: string;
  /** Its id, as Terraform imports it and has it in the state. */
  readonly id: string;
  /** The owner that {@link Driver.declare} received, from its labels; `undefined` without one. */
  readonly owner: string | undefined;
  /** Set when its creation was not finished, so that no test can have used it. */
  readonly incomplete?: true;
  /** For people: `server 42 "pcs-1-pc1"`. */
  readonly location: string;
}
