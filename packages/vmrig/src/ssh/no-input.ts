import type { Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";

/** What ssh2 1.17 has inside, and no word for. */
interface Inside {
  readonly _protocol?: {
    exec?: (channel: number, command: string | Uint8Array, wantReply: boolean) => void;
    readonly channelEOF?: (channel: number) => void;
  };
}

/** Commands whose input is empty. Its end is a packet of its own; it goes with the command, in one write and one segment. */
export interface NoInput {
  /** The command for `client.exec`. */
  mark(command: string): string;
  /** To be called with the channel of a marked command: ends its input there without saying it again. */
  end(channel: ClientChannel): void;
}

/**
 * On loopback each write costs an eighth of a whole command: sshd is woken for it while it forks. With an ssh2 that has other parts inside,
 * the end of the input is sent as ssh2 does.
 */
export function createNoInput(client: Client, socket: Socket): NoInput {
  const { _protocol: protocol } = client as Inside;
  const exec = protocol?.exec?.bind(protocol);
  const channelEOF = protocol?.channelEOF?.bind(protocol);
  if (protocol === undefined || exec === undefined || channelEOF === undefined) return { mark: (command) => command, end() {} };

  /** ssh2 passes a command that is bytes through as it is. */
  const marked = new WeakSet<object>();
  protocol.exec = (channel, command, wantReply) => {
    if (typeof command === "string" || !marked.has(command)) return exec(channel, command, wantReply);
    socket.cork();
    exec(channel, command, wantReply);
    channelEOF(channel);
    socket.uncork();
  };
  return {
    mark(command) {
      const bytes = Buffer.from(command);
      marked.add(bytes);
      return bytes as unknown as string;
    },
    end(channel) {
      (channel as unknown as { readonly outgoing: { state: string } }).outgoing.state = "eof";
      channel.end();
    },
  };
}
