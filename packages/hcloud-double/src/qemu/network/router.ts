import {
  containsAddress,
  formatIpv4,
  ipv4Range,
  parseIpv4,
  type Ipv4Range,
} from "../../networks/ipv4-range.ts";
import type { BackendNetwork, PrivateInterface } from "../../servers/backend.ts";
import { formatArp, parseArp } from "./arp.ts";
import {
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  dhcpReply,
  parseDhcpRequest,
  type DhcpLease,
} from "./dhcp.ts";
import { ETHERTYPE, formatEthernet, parseEthernet, type EthernetFrame } from "./ethernet.ts";
import { formatIpv4Packet, forwardedPacket, parseIpv4Packet, UDP } from "./ipv4.ts";
import { formatUdp, parseUdp } from "./udp.ts";

/** The hardware address of all gateways. */
export const GATEWAY_MAC = "d2:00:00:00:00:01";
const BROADCAST = 0xff_ff_ff_ff;

/** An interface that is plugged in. */
interface Port {
  interface: PrivateInterface;
  readonly send: (frame: Buffer) => void;
}

/**
 * The private networks of a project. As at the vendor, a network has no common Ethernet: each
 * interface sees the gateway only, which forwards IPv4 between the servers of the network.
 */
export class Router {
  /** By hardware address. */
  readonly #ports = new Map<string, Port>();

  /** Frames for the interface go to `send`. Returns what unplugs it again. */
  plug(plugged: PrivateInterface, send: (frame: Buffer) => void): () => void {
    const port = { interface: plugged, send };
    this.#ports.set(plugged.mac, port);
    return () => {
      if (this.#ports.get(plugged.mac) === port) this.#ports.delete(plugged.mac);
    };
  }

  /** Replaces what is known of an interface that is plugged in: its aliases, its routes. */
  update(changed: PrivateInterface): void {
    const port = this.#ports.get(changed.mac);
    if (port !== undefined) port.interface = changed;
  }

  /** Takes a frame from the interface with this hardware address. */
  receive(mac: string, bytes: Buffer): void {
    const port = this.#ports.get(mac);
    const frame = parseEthernet(bytes);
    if (port === undefined || frame === undefined || frame.source !== mac) return;
    if (frame.type === ETHERTYPE.arp) answerArp(port, frame);
    else if (frame.type === ETHERTYPE.ipv4) this.#receiveIpv4(port, frame);
  }

  #receiveIpv4(port: Port, { payload }: EthernetFrame): void {
    const packet = parseIpv4Packet(payload);
    if (packet === undefined) return;
    if (packet.protocol === UDP) {
      const datagram = parseUdp(packet.payload);
      if (datagram?.destinationPort === DHCP_SERVER_PORT) {
        answerDhcp(port, datagram.payload);
        return;
      }
    }
    const { network } = port.interface;
    const target = this.#portOf(network, nextHop(network, packet.destination));
    const forwarded = forwardedPacket(payload);
    if (target !== undefined && target !== port && forwarded) sendIpv4(target, forwarded);
  }

  #portOf(network: BackendNetwork, address: number): Port | undefined {
    const text = formatIpv4(address);
    return [...this.#ports.values()].find(
      ({ interface: { network: other, ip, aliases } }) =>
        other.id === network.id && (ip === text || aliases.includes(text)),
    );
  }
}

/** The first address after the network's own. */
function gatewayOf({ ipRange }: BackendNetwork): number {
  return ipv4Range(ipRange).first + 1;
}

/** The server that a route names for the destination, or the destination itself. */
function nextHop({ routes }: BackendNetwork, destination: number): number {
  const byLength = routes
    .map((route) => ({ ...route, range: ipv4Range(route.destination) }))
    .filter(({ range }) => containsAddress(range, destination))
    .sort((a, b) => b.range.prefix - a.range.prefix);
  return parseIpv4(byLength[0]?.gateway) ?? destination;
}

function answerArp(port: Port, { payload }: EthernetFrame): void {
  const { mac, network } = port.interface;
  const request = parseArp(payload);
  const gateway = gatewayOf(network);
  if (request?.operation !== "request" || request.targetIp !== gateway) return;
  send(port, ETHERTYPE.arp, {
    destination: mac,
    payload: formatArp({
      operation: "reply",
      senderMac: GATEWAY_MAC,
      senderIp: gateway,
      targetMac: mac,
      targetIp: request.senderIp,
    }),
  });
}

function leaseOf({ interface: { ip, network } }: Port): DhcpLease {
  return {
    address: parseIpv4(ip) ?? 0,
    gateway: gatewayOf(network),
    routes: [network.ipRange, ...network.routes.map(({ destination }) => destination)].map(
      (text): Ipv4Range => ipv4Range(text),
    ),
  };
}

function answerDhcp(port: Port, bytes: Buffer): void {
  const request = parseDhcpRequest(bytes);
  if (request?.mac !== port.interface.mac) return;
  const lease = leaseOf(port);
  const payload = dhcpReply(request, lease);
  if (payload === undefined) return;
  const datagram = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, payload };
  sendIpv4(
    port,
    formatIpv4Packet({
      source: lease.gateway,
      destination: request.wantsBroadcast ? BROADCAST : lease.address,
      protocol: UDP,
      payload: formatUdp(datagram),
    }),
  );
}

function sendIpv4(port: Port, payload: Buffer): void {
  send(port, ETHERTYPE.ipv4, { destination: port.interface.mac, payload });
}

function send(
  port: Port,
  type: number,
  { destination, payload }: Pick<EthernetFrame, "destination" | "payload">,
): void {
  port.send(formatEthernet({ destination, source: GATEWAY_MAC, type, payload }));
}
