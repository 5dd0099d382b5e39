import { expect, test } from "vitest";
import { startDouble } from "../hcloud-double.test.kit.ts";

test("a server type shows where it is offered, and what it costs there", async () => {
  const { call } = await startDouble();
  const { body } = await call("GET", "/server_types?name=cx23");
  expect(body).toMatchObject({
    server_types: [
      {
        name: "cx23",
        architecture: "x86",
        prices: [
          { location: "fsn1", price_monthly: { net: "2.9900000000", gross: "3.5581000000" } },
          { location: "nbg1" },
          { location: "hel1" },
        ],
        locations: [{ name: "fsn1", available: true, recommended: true }, {}, {}],
      },
    ],
  });
});

test("/pricing has the prices of all server types", async () => {
  const { call } = await startDouble();
  const { body } = await call("GET", "/pricing");
  expect(body).toMatchObject({
    pricing: {
      currency: "EUR",
      server_types: expect.arrayContaining([expect.objectContaining({ name: "cax11" })]),
      primary_ips: [{ type: "ipv4" }, { type: "ipv6" }],
    },
  });
});

test("locations name their network zone", async () => {
  const { call } = await startDouble();
  expect((await call("GET", "/locations?name=ash")).body).toMatchObject({
    locations: [{ network_zone: "us-east" }],
  });
  expect((await call("GET", "/locations/1")).body).toMatchObject({ location: { name: "fsn1" } });
});

test("kinds of resources that a rig has no use for are empty", async () => {
  const { double } = await startDouble();
  const response = await fetch(`${double.endpoint}/volumes`, {
    headers: { authorization: `Bearer ${double.token}` },
  });
  expect(await response.json()).toMatchObject({ volumes: [], meta: {} });
});
