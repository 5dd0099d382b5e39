import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { expect, test } from "vitest-environment-vmrig";

/** Starts the server that a test plays on this computer. */
async function play(): Promise<number> {
  const server = createServer((request, response) => void response.end(`played ${request.url}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The service, in Perl, which every Debian has. */
const SERVICE = `use IO::Socket::INET;
chomp(my $name = qx(hostname));
my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die $!;
while (my $client = $server->accept) {
  my ($path) = <$client> =~ /^GET (\\S+)/; 1 while <$client> =~ /\\S/;
  print $client "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n$name $path"; close $client;
}
`;

test("forwards and reverse forwards work, and machines reach each other by name", async ({
  pc1,
  pc2,
}) => {
  await pc1.file("service.pl").write(SERVICE);
  pc1.$`exec perl service.pl`.catch(() => {}); // the command ends with the test
  await pc1.waitForPort(8080);

  await using web = await pc1.forward(8080);
  expect(await (await fetch(`${web.url}/here`)).text()).toBe("pc1 /here");
  expect(await (await pc1.fetch("http://localhost:8080/own")).text()).toBe("pc1 /own");
  expect(await (await pc2.fetch("http://pc1:8080/named")).text()).toBe("pc1 /named");
  expect((await pc2.$`getent hosts pc1`).stdout).toMatch(new RegExp(`^${pc1.address}\\s+pc1`));
  await using other = await pc2.forward({ host: "pc1", port: 8080 });
  expect(await (await fetch(`${other.url}/through`)).text()).toBe("pc1 /through");

  await using mail = await pc1.reverse(await play());
  expect((await pc1.waitForHttp(`${mail.url}/inbox`)).body).toBe("played /inbox");
  await expect(pc2.fetch(`http://pc1:${mail.port}/`)).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
});

test(
  "reverse forwards are reopened after a restore and after a rollback",
  { timeout: 300_000 },
  async ({ pc1, rig }) => {
    const back = await pc1.reverse(await play(), 8025);
    const socket = await pc1.reverse(await play(), { path: "/tmp/played.sock" });
    const both = await rig.checkpoint("listening");
    for (const go of [() => pc1.restore(both), () => rig.restore(both), () => pc1.restore(both)]) {
      await go();
      expect((await pc1.waitForHttp("http://localhost:8025/again")).body).toBe("played /again");
      expect(await (await pc1.fetch("http://played/too", { socketPath: socket.path })).text()).toBe(
        "played /too",
      );
      expect([back.refused, socket.refused]).toEqual([undefined, undefined]);
    }
  },
);
