/** The one remedy for each code of the API that people meet. */
const HINTS: Readonly<Record<string, string>> = {
  unauthorized:
    "the token is wrong or was deleted: create one in the project's console under Security, and set HCLOUD_TOKEN",
  token_readonly: "the token may only read: create one that may read and write",
  forbidden: "the token's project does not allow this",
  maintenance: "the cloud is under maintenance: try again later",
  resource_limit_exceeded:
    "the project is full: delete what is not needed any more, or ask the vendor for a higher limit",
  resource_unavailable: "there is no room at the moment: try another location or server type",
  placement_error: "the placement group does not fit: try another location or server type",
  uniqueness_error:
    "the name or key is in use; a name is free again only when the action that deletes its holder has ended",
  invalid_input: "the fields above have values that the API does not accept",
  not_found: "it was deleted, or the token belongs to another project",
  locked: "another action holds it: see its actions in the console, and run again when they ended",
  protected:
    "it is protected, so that nothing deletes or rebuilds it by accident: switch the protection off in the console if you mean to",
  conflict: "another change of it is under way: run again when that has ended",
  rate_limit_exceeded:
    "all users of the project share its calls per hour: start fewer runs at once, or run again later",
  server_not_stopped: "switch the server off first",
  resource_in_use: "detach it from everything that uses it first",
  must_be_unassigned: "unassign the address first",
  deprecated_api_endpoint: "this part of the API is gone: update vmrig",
};

export const NETWORK_HINT =
  "check the network, the proxy and the name server of this computer, then run again";

/** Returns the hint for a code. An unknown code gets a general one. */
export const hintFor = (code: string | undefined): string =>
  HINTS[code ?? ""] ?? "see the cloud's console and its status page, then run again";
