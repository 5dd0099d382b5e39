import type { Location } from "./offers.ts";

export const LOCATIONS: readonly Location[] = [
  {
    id: 1,
    name: "fsn1",
    description: "Falkenstein DC Park 1",
    country: "DE",
    city: "Falkenstein",
    latitude: 50.476_12,
    longitude: 12.370_071,
    network_zone: "eu-central",
  },
  {
    id: 2,
    name: "nbg1",
    description: "Nuremberg DC Park 1",
    country: "DE",
    city: "Nuremberg",
    latitude: 49.452_102,
    longitude: 11.076_665,
    network_zone: "eu-central",
  },
  {
    id: 3,
    name: "hel1",
    description: "Helsinki DC Park 1",
    country: "FI",
    city: "Helsinki",
    latitude: 60.169_855,
    longitude: 24.938_379,
    network_zone: "eu-central",
  },
  {
    id: 4,
    name: "ash",
    description: "Ashburn, VA",
    country: "US",
    city: "Ashburn, VA",
    latitude: 39.045_821,
    longitude: -77.487_073,
    network_zone: "us-east",
  },
];

export const NETWORK_ZONES = [...new Set(LOCATIONS.map(({ network_zone }) => network_zone))];
