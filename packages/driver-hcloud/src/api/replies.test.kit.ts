// Resources as the API sends them, with fields that vmrig does not read.

const CREATED = "2026-11-28T22:31:05Z";
const LOCATION = {
  id: 1,
  name: "fsn1",
  description: "Falkenstein DC Park 1",
  country: "DE",
  city: "Falkenstein",
  network_zone: "eu-central",
};

/** Fields of a test's own replace those of the sample. */
type Sample = (fields?: Readonly<Record<string, unknown>>) => { readonly [key: string]: unknown };

const sample =
  (known: Readonly<Record<string, unknown>>): Sample =>
  (fields = {}) => ({ ...known, ...fields });

export const action = sample({
  id: 606_028_482_673_874,
  command: "start_server",
  status: "running",
  progress: 0,
  started: CREATED,
  finished: null,
  error: null,
  resources: [{ id: 1001, type: "server" }],
});

export const image = sample({
  id: 101,
  type: "system",
  status: "available",
  name: "debian-13",
  description: "Debian 13",
  image_size: null,
  disk_size: 5,
  created: CREATED,
  created_from: null,
  bound_to: null,
  os_flavor: "debian",
  architecture: "x86",
  protection: { delete: false },
  deprecated: null,
  labels: {},
});

export const serverType = sample({
  id: 114,
  name: "cx23",
  description: "CX23",
  cores: 2,
  memory: 4,
  disk: 40,
  storage_type: "local",
  architecture: "x86",
  deprecation: null,
  locations: [{ id: 1, name: "fsn1", recommended: true, available: true, deprecation: null }],
});

export const location = sample(LOCATION);

export const server = sample({
  id: 1001,
  name: "pc1",
  status: "running",
  created: CREATED,
  public_net: {
    ipv4: { id: 1002, ip: "198.18.0.1", blocked: false, dns_ptr: "static.example" },
    ipv6: { id: 1003, ip: "2001:db8:2::/64", blocked: false, dns_ptr: [] },
    floating_ips: [],
    firewalls: [],
  },
  private_net: [{ network: 1012, ip: "10.0.0.2", alias_ips: [], mac_address: "86:00:ff:2a:7d:e1" }],
  server_type: serverType(),
  location: LOCATION,
  image: image(),
  iso: null,
  rescue_enabled: false,
  locked: false,
  protection: { delete: false, rebuild: false },
  labels: {},
  primary_disk_size: 40,
  placement_group: null,
});

export const network = sample({
  id: 1012,
  name: "n",
  ip_range: "10.0.0.0/16",
  subnets: [
    { type: "cloud", ip_range: "10.0.0.0/24", network_zone: "eu-central", gateway: "10.0.0.1" },
  ],
  routes: [],
  servers: [1001],
  protection: { delete: false },
  labels: {},
  created: CREATED,
});

export const firewall = sample({
  id: 1020,
  name: "f",
  labels: {},
  created: CREATED,
  rules: [],
  applied_to: [
    { type: "server", server: { id: 1001 } },
    {
      type: "label_selector",
      label_selector: { selector: "fw" },
      applied_to_resources: [{ type: "server", server: { id: 1021 } }],
    },
  ],
});

export const sshKey = sample({
  id: 1007,
  name: "k",
  public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZY06yTtKdgdViHqPet8FvSw5SrHyPJD8l9E0ODzcs/",
  fingerprint: "62:96:83:6b:96:74:fb:a0:f5:63:4d:ca:bf:ea:d1:ad",
  labels: {},
  created: CREATED,
});

export const placementGroup = sample({
  id: 1003,
  name: "p",
  type: "spread",
  labels: {},
  created: CREATED,
  servers: [1001],
});

export const primaryIp = sample({
  id: 1006,
  name: "v4",
  type: "ipv4",
  ip: "198.18.0.2",
  location: LOCATION,
  assignee_id: null,
  assignee_type: "unassigned",
  auto_delete: false,
  blocked: false,
  dns_ptr: [],
  protection: { delete: false },
  labels: {},
  created: CREATED,
});
