import { expect, test } from "vitest";
import type { BackendNetwork, PrivateInterface } from "../../servers/backend.ts";
import { parseIpv4 } from "../../networks/ipv4-range.ts";
import { formatArp, parseArp } from "./arp.ts";
import { ETHERTYPE, formatEthernet, parseEthernet } from "./ethernet.ts";
import { checksum, formatIpv4Packet, parseIpv4Packet } from "./ipv4.ts";
import { GATEWAY_MAC, Router } from "./router.ts";
import { dhcpMessage, readDhcpReply } from "./router.test.kit.ts";
import { formatUdp, parseUdp } from "./udp.ts";

const NETWORK: BackendNetwork = { id: 1, ipRange: "10.0.0.0/16", routes: [] };
const ICMP = 1;
const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";

interface Host {
  readonly mac: string;
  readonly ip: number;
  /** Frames that it got. */
  readonly got: Buffer[];
  sendIp(to: string, text?: string): void;
  sendArp(to: string): void;
  sendDhcp(options: Parameters<typeof dhcpMessage>[1]): ReturnType<typeof readDhcpReply>;
  unplug(): void;
}

function plug(router: Router, ip: string, more: Partial<PrivateInterface> = {}): Host {
  const mac = `86:00:00:00:00:${ip.split(".").at(-1)?.padStart(2, "0")}`;
  const got: Buffer[] = [];
  const plugged = { network: NETWORK, ip, aliases: [], mac, ...more };
  const unplug = router.plug(plugged, (frame) => got.push(frame));
  const send = (type: number, destination: string, payload: Buffer) =>
    router.receive(mac, formatEthernet({ source: mac, destination, type, payload }));
  const source = number(ip);
  return {
    mac,
    ip: source,
    got,
    unplug,
    sendIp: (to, text = "hello") => {
      const payload = Buffer.from(text);
      const packet = { source, destination: number(to), protocol: ICMP, payload };
      send(ETHERTYPE.ipv4, GATEWAY_MAC, formatIpv4Packet(packet));
    },
    sendArp: (to) => {
      const packet = { operation: "request", senderMac: mac, senderIp: source } as const;
      const target = { targetMac: "00:00:00:00:00:00", targetIp: number(to) };
      send(ETHERTYPE.arp, BROADCAST_MAC, formatArp({ ...packet, ...target }));
    },
    sendDhcp: (options) => {
      const payload = formatUdp({
        sourcePort: 68,
        destinationPort: 67,
        payload: dhcpMessage(mac, options),
      });
      const packet = { source: 0, destination: number("255.255.255.255"), protocol: 17, payload };
      send(ETHERTYPE.ipv4, BROADCAST_MAC, formatIpv4Packet(packet));
      const frame = parseEthernet(got.at(-1) ?? Buffer.alloc(0));
      const ipv4 = parseIpv4Packet(frame?.payload ?? Buffer.alloc(0));
      const datagram = parseUdp(ipv4?.payload ?? Buffer.alloc(0));
      return readDhcpReply(datagram?.payload ?? Buffer.alloc(0));
    },
  };
}

function number(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

/** Texts of the IPv4 packets that a host got. */
function texts({ got }: Host): (string | undefined)[] {
  return got.map((frame) =>
    parseIpv4Packet(parseEthernet(frame)?.payload ?? Buffer.alloc(0))?.payload.toString(),
  );
}

test("only the gateway answers ARP, which is the first address of the network", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  plug(router, "10.0.0.3");

  a.sendArp("10.0.0.3");
  expect(a.got).toEqual([]);
  a.sendArp("10.0.0.1");
  const frame = parseEthernet(a.got[0] ?? Buffer.alloc(0));
  expect(frame).toMatchObject({ source: GATEWAY_MAC, destination: a.mac, type: ETHERTYPE.arp });
  expect(parseArp(frame?.payload ?? Buffer.alloc(0))).toEqual({
    operation: "reply",
    senderMac: GATEWAY_MAC,
    senderIp: number("10.0.0.1"),
    targetMac: a.mac,
    targetIp: a.ip,
  });
});

test("IPv4 reaches another server of the network through the gateway", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const b = plug(router, "10.0.1.3");
  a.sendIp("10.0.1.3");

  const frame = parseEthernet(b.got[0] ?? Buffer.alloc(0));
  expect(frame).toMatchObject({ source: GATEWAY_MAC, destination: b.mac });
  const header = frame?.payload.subarray(0, 20) ?? Buffer.alloc(0);
  expect(checksum(header)).toBe(0);
  expect(header[8]).toBe(63); // its time to live, one less
  expect(texts(b)).toEqual(["hello"]);
  expect(a.got).toEqual([]);
});

test("an alias is an address of its server", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const b = plug(router, "10.0.0.3");
  a.sendIp("10.0.0.99");
  expect(b.got).toEqual([]);
  router.update({ network: NETWORK, ip: "10.0.0.3", aliases: ["10.0.0.99"], mac: b.mac });
  a.sendIp("10.0.0.99");
  expect(texts(b)).toEqual(["hello"]);
});

test("networks do not reach each other, even with equal addresses", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const other = plug(router, "10.0.0.3", { network: { ...NETWORK, id: 2 } });
  a.sendIp("10.0.0.3");
  expect(other.got).toEqual([]);
});

test("a server that was unplugged neither gets nor sends anything", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const b = plug(router, "10.0.0.3");
  b.unplug();
  a.sendIp("10.0.0.3");
  b.sendIp("10.0.0.2");
  expect([...a.got, ...b.got]).toEqual([]);
});

test("a route sends its destination to the server that it names", () => {
  const router = new Router();
  const routes = [{ destination: "192.168.0.0/16", gateway: "10.0.0.3" }];
  const a = plug(router, "10.0.0.2", { network: { ...NETWORK, routes } });
  const b = plug(router, "10.0.0.3");
  a.sendIp("192.168.7.7");
  expect(texts(b)).toEqual(["hello"]);
});

test("a frame with the hardware address of another server is dropped", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const b = plug(router, "10.0.0.3");
  const payload = formatIpv4Packet({
    source: a.ip,
    destination: b.ip,
    protocol: ICMP,
    payload: Buffer.from("forged"),
  });
  const frame = { source: b.mac, destination: GATEWAY_MAC, type: ETHERTYPE.ipv4, payload };
  router.receive(a.mac, formatEthernet(frame));
  expect(b.got).toEqual([]);
});

test("damaged packets are dropped", () => {
  const router = new Router();
  const a = plug(router, "10.0.0.2");
  const b = plug(router, "10.0.0.3");
  const packet = formatIpv4Packet({
    source: a.ip,
    destination: b.ip,
    protocol: ICMP,
    payload: Buffer.from("hello"),
  });
  const damaged = Buffer.from(packet);
  damaged[15] = 77;
  for (const payload of [damaged, packet.subarray(0, 19), packet.subarray(0, 22)])
    router.receive(
      a.mac,
      formatEthernet({ source: a.mac, destination: GATEWAY_MAC, type: ETHERTYPE.ipv4, payload }),
    );
  router.receive(a.mac, Buffer.from([1, 2, 3]));
  expect(b.got).toEqual([]);
});

test("DHCP gives a server its one address, and routes through the gateway", () => {
  const router = new Router();
  const routes = [{ destination: "192.168.0.0/17", gateway: "10.0.0.9" }];
  const a = plug(router, "10.0.0.2", { network: { ...NETWORK, routes } });
  const lease = {
    address: "10.0.0.2",
    server: "10.0.0.1",
    netmask: "255.255.255.255",
    mtu: 1450,
    routes: ["10.0.0.1/32 on-link", "10.0.0.0/16 via 10.0.0.1", "192.168.0.0/17 via 10.0.0.1"],
  };
  expect(a.sendDhcp({ type: "discover" })).toMatchObject({ type: "offer", ...lease });
  const request = { type: "request", address: a.ip, server: number("10.0.0.1") } as const;
  expect(a.sendDhcp(request)).toMatchObject({ type: "ack", ...lease });
  expect(parseEthernet(a.got[0] ?? Buffer.alloc(0))?.destination).toBe(a.mac);
});

test("DHCP refuses an address of another network", () => {
  const a = plug(new Router(), "10.0.0.2");
  expect(a.sendDhcp({ type: "request", address: number("10.9.0.2") })).toMatchObject({
    type: "nak",
  });
});

test("DHCP does not answer a client that chose another server", () => {
  const a = plug(new Router(), "10.0.0.2");
  a.sendDhcp({ type: "request", address: a.ip, server: number("10.0.0.9") });
  expect(a.got).toEqual([]);
});
