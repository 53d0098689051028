import { getBackendSrv, isFetchError } from '@grafana/runtime';
import { fromEvent, lastValueFrom, takeUntil, throwIfEmpty } from 'rxjs';

// The capture side of the gateway (docs/gateway.md), through routes of plugin.json that end in one path each and want the role
// Editor. Nothing here is called but by a click.

/** A process that the gateway captures. */
export interface GatewayTarget {
  readonly service: string;
  readonly instance: string;
  readonly version?: string;
}

export interface CaptureRequest {
  readonly service: string;
  /** None for all instances of the service. */
  readonly instance?: string;
  readonly all?: true;
  readonly profiles: readonly string[];
  /** How long the CPU profile and the trace take, 1 to 60. */
  readonly seconds: number;
  /** Stands in the capture's meta.json. */
  readonly reason: string;
}

/** What becomes of one profile of one process. */
export interface CaptureStep {
  readonly instance: string;
  readonly profile: string;
  readonly state: 'waiting' | 'running' | 'stored' | 'spooled' | 'failed';
  /** Why it failed, or what is not as it was asked for. */
  readonly reason?: string;
}

/** One event: what was asked for at once. */
export interface CaptureProgress {
  readonly event: string;
  readonly done: boolean;
  readonly steps: readonly CaptureStep[];
}

export interface GatewayInfo {
  readonly version: string;
  readonly bucket: string;
  readonly targets: number;
}

export class Gateway {
  /** @param proxyUrl of the data source in Grafana's proxy */
  constructor(private readonly proxyUrl: string) {}

  /** @throws Error that says what the gateway or Grafana's proxy answered */
  info(signal: AbortSignal): Promise<GatewayInfo> {
    return this.send('info', { signal, headers: { 'X-Grafana-NoCache': 'true' } });
  }

  /** By service and instance. @throws Error as `info` does */
  async targets(signal: AbortSignal): Promise<readonly GatewayTarget[]> {
    return (await this.send<{ targets: readonly GatewayTarget[] }>('targets', { signal })).targets;
  }

  /** Starts a capture; it goes on whoever waits for it. @throws Error as `info` does */
  capture(request: CaptureRequest, signal: AbortSignal): Promise<CaptureProgress> {
    return this.send('captures', { signal, method: 'POST', data: request });
  }

  /** What has become of an event. @throws Error as `info` does */
  progress(event: string, signal: AbortSignal): Promise<CaptureProgress> {
    return this.send('captures', { signal, params: { event } });
  }

  private async send<T>(
    path: 'info' | 'targets' | 'captures',
    { signal, ...options }: { signal: AbortSignal; method?: 'POST'; headers?: object; data?: object; params?: object }
  ): Promise<T> {
    const request = getBackendSrv().fetch<T>({
      url: `${this.proxyUrl}/gateway/${path}`,
      method: 'GET',
      showErrorAlert: false,
      ...options,
    });
    const left = () => new DOMException('The request was left.', 'AbortError');
    try {
      return (await lastValueFrom(request.pipe(takeUntil(fromEvent(signal, 'abort')), throwIfEmpty(left)))).data;
    } catch (error) {
      throw isFetchError(error) ? new Error(answered(error.status, error.data)) : error;
    }
  }
}

/** What went wrong, in the gateway's words where there are some. */
function answered(status: number, data: unknown): string {
  if (status === 403) {
    return 'Grafana lets Editors and Admins alone capture.';
  }
  const said = typeof data === 'object' && data && 'error' in data ? String(data.error) : '';
  return said
    ? `The gateway answered ${status}: ${said}`
    : `The gateway does not answer as one (${status}): check its address in the settings of the data source, and that it runs.`;
}
