import { VmrigError } from "../../errors/vmrig-error.ts";
import type { ListenAddress, ListenRefusedError } from "../../ssh/listen.ts";

export function refusal(
  machine: string,
  place: ListenAddress,
  cause: ListenRefusedError,
): VmrigError {
  return new VmrigError("FORWARD_FAILED", {
    message: `The SSH server of ${machine} refused to listen ${"path" in place ? "at" : "on"} ${placeInWords(place)}.`,
    hint:
      "path" in place
        ? "the path must be free, its folder must belong to the login user, and AllowStreamLocalForwarding must be yes or remote in its sshd_config"
        : "the port must be free, ports below 1024 need root, and AllowTcpForwarding must be yes or remote in its sshd_config",
    cause,
  });
}

export function placeInWords(place: ListenAddress): string {
  return "path" in place ? place.path : `port ${place.port}`;
}
