import type { BackendSrvRequest } from '@grafana/runtime';
import { askGrafana } from './askGrafana';

// The capture side of the gateway (docs/gateway.md), through routes of plugin.json that end in one path each and want the role
// Editor. Nothing here is called but by a click.

/** A process that the gateway captures. */
export interface GatewayTarget {
  readonly service: string;
  readonly instance: string;
  readonly version?: string;
  /** A capture of it runs: another one is refused. */
  readonly busy?: boolean;
}

export interface GatewayTargets {
  readonly targets: readonly GatewayTarget[];
  /** Names of profiles that can be asked for. */
  readonly profiles: readonly string[];
  /** Most seconds of those that take time. */
  readonly maxSeconds: number;
  /** Most instances that one request captures. */
  readonly maxInstances: number;
}

export interface CaptureRequest {
  readonly service: string;
  /** None for all instances of the service. */
  readonly instance?: string;
  readonly all?: true;
  readonly profiles: readonly string[];
  /** How long each of those that take time goes on. */
  readonly seconds: number;
  /** Stands in the capture's meta.json. */
  readonly reason: string;
}

/** The capture of one process. */
export interface GatewayEvent {
  readonly id: string;
  readonly service: string;
  readonly instance: string;
  /** What the keys of its files begin with; none until it has begun. */
  readonly folder?: string;
  readonly state: 'waiting' | 'capturing' | 'uploading' | 'stored' | 'partial' | 'failed';
  readonly files: ReadonlyArray<{
    readonly profile: string;
    readonly name: string;
    readonly state: 'waiting' | 'reading' | 'spooled' | 'stored' | 'failed';
    /** Why it failed, or is not whole. */
    readonly reason?: string;
  }>;
}

/** An instance of which no capture was begun. */
export interface RefusedCapture {
  readonly instance: string;
  readonly reason: string;
}

export interface StartedCaptures {
  readonly events: readonly GatewayEvent[];
  readonly refused: readonly RefusedCapture[];
}

export interface GatewayInfo {
  readonly version: string;
  readonly bucket: string;
  /** Whether it was started with targets. */
  readonly captures: boolean;
  readonly targets: number;
}

export class Gateway {
  /** @param proxyUrl of the data source in Grafana's proxy */
  constructor(private readonly proxyUrl: string) {}

  /** @throws Error that says what the gateway or Grafana's proxy answered */
  info(signal: AbortSignal): Promise<GatewayInfo> {
    return this.send('info', { signal, headers: { 'X-Grafana-NoCache': 'true' } });
  }

  /** @throws Error as `info` does */
  targets(signal: AbortSignal): Promise<GatewayTargets> {
    return this.send('targets', { signal });
  }

  /** Starts captures; they go on whoever waits for them. @throws Error as `info` does, also where none was begun */
  capture(request: CaptureRequest, signal: AbortSignal): Promise<StartedCaptures> {
    return this.send('captures', { signal, method: 'POST', data: request });
  }

  /** What has become of an event. @throws Error as `info` does */
  event(id: string, signal: AbortSignal): Promise<GatewayEvent> {
    return this.send('captures', { signal, params: { id } });
  }

  private send<T>(
    path: 'info' | 'targets' | 'captures',
    { signal, ...options }: { signal: AbortSignal } & Partial<BackendSrvRequest>
  ): Promise<T> {
    return askGrafana({ url: `${this.proxyUrl}/gateway/${path}`, method: 'GET', ...options }, signal, answered);
  }
}

/** What went wrong, in the gateway's words where there are some. */
function answered(status: number, data: unknown): string {
  const said = typeof data === 'object' && data && 'error' in data ? String(data.error) : '';
  if (status === 403 && !said) {
    return 'Grafana lets Editors and Admins alone capture.';
  }
  return said
    ? `The gateway answered ${status}: ${said}`
    : `The gateway does not answer as one (${status}): check its address in the settings of the data source, and that it runs.`;
}
