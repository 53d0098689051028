import { askGrafana } from './askGrafana';
import { WireWriter } from './encode/wire';
import type { PyroscopeMerge, PyroscopeType } from './query/pyroscope';

// Reads of Grafana Pyroscope, through routes of plugin.json that are one procedure each: what writes has no route.

interface ListedTypes {
  readonly profileTypes?: ReadonlyArray<{ readonly ID: string; readonly name: string; readonly sampleType: string }>;
}

export class Pyroscope {
  /** @param proxyUrl of the data source in Grafana's proxy */
  constructor(private readonly proxyUrl: string) {}

  /** Types of profiles of a range, Unix ms. @throws Error that says what Pyroscope or Grafana's proxy answered */
  async types(range: { readonly start: number; readonly end: number }, signal: AbortSignal): Promise<PyroscopeType[]> {
    const { profileTypes = [] } = await this.send<ListedTypes>('types', range, 'json', signal);
    return profileTypes.map(({ ID: id, name, sampleType }) => ({ id, name, sampleType }));
  }

  /** All profiles of a range, merged: a file of profile.proto. @throws Error as `types` does */
  merged({ type, selector, start, end }: PyroscopeMerge, signal: AbortSignal): Promise<ArrayBuffer> {
    const request = new WireWriter();
    request.text(1, type);
    request.text(2, selector);
    request.integer(3, start);
    request.integer(4, end);
    // As JSON the profile would come as JSON. Of a typed array Grafana would make parameters of the address.
    const body = new Blob([request.finish().slice()], { type: 'application/proto' });
    return this.send<ArrayBuffer>('merge', body, 'arraybuffer', signal);
  }

  private send<T>(
    path: 'types' | 'merge',
    data: object,
    responseType: 'json' | 'arraybuffer',
    signal: AbortSignal
  ): Promise<T> {
    const type = data instanceof Blob ? data.type : 'application/json';
    const request = {
      url: `${this.proxyUrl}/pyroscope/${path}`,
      method: 'POST',
      headers: { 'Content-Type': type },
      data,
      responseType,
    };
    return askGrafana<T>(request, signal, (status, said) => answered(status, jsonOf(said, responseType)));
  }
}

/** What went wrong, in Pyroscope's words where there are some: `{"code":"invalid_argument","message":"…"}`, also of a binary request. */
function answered(status: number, data: unknown): string {
  const said = typeof data === 'object' && data && 'message' in data ? String(data.message) : '';
  return said
    ? `Pyroscope answered ${status}: ${said}`
    : `Pyroscope does not answer as one (${status}): check its address in the settings of the data source, and that it runs.`;
}

/** An error is JSON, also where bytes were asked for; undefined for what is neither. */
function jsonOf(data: unknown, responseType: 'json' | 'arraybuffer'): unknown {
  try {
    return responseType === 'json' ? data : JSON.parse(new TextDecoder().decode(data as ArrayBuffer));
  } catch {
    return undefined;
  }
}
