export interface Location {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly country: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly network_zone: string;
}

export interface Deprecation {
  readonly announced: string;
  readonly unavailable_after: string;
}

/** A server type in a location. */
export interface Offer {
  readonly id: number;
  readonly name: string;
  readonly recommended: boolean;
  available: boolean;
  readonly deprecation: Deprecation | null;
}

export interface ServerType {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly cores: number;
  /** In GB. */
  readonly memory: number;
  /** In GB. */
  readonly disk: number;
  readonly storage_type: string;
  readonly cpu_type: string;
  readonly architecture: string;
  readonly deprecated: boolean;
  readonly deprecation: Deprecation | null;
  readonly prices: readonly object[];
  readonly locations: readonly Offer[];
}
