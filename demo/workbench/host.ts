// What Grafana gives a plugin: shared libraries by AMD name, and the services of @grafana/runtime. No more than the
// plugin uses.
import * as emotion from '@emotion/css';
import * as grafanaData from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import * as grafanaUi from '@grafana/ui';
import * as react from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import * as reactDom from 'react-dom';
import * as rxjs from 'rxjs';

const id = 'pproflens-pprof-datasource';
const base = `${location.origin}/public/plugins/${id}/`;

const shared: Record<string, unknown> = {
  '@emotion/css': emotion,
  '@grafana/data': grafanaData,
  '@grafana/runtime': grafanaRuntime,
  '@grafana/ui': grafanaUi,
  react,
  'react/jsx-runtime': jsxRuntime,
  'react-dom': reactDom,
  rxjs,
  module: { uri: `${base}module.js` },
};

/** Loads module.js as Grafana's loader does: an AMD module whose dependencies are shared. */
export function loadPlugin(): Promise<grafanaData.DataSourcePlugin<any>> {
  return new Promise((resolve, reject) => {
    const define = (...args: unknown[]) => {
      const factory = args.pop() as (...dependencies: unknown[]) => { plugin: grafanaData.DataSourcePlugin<any> };
      const names = (Array.isArray(args.at(-1)) ? args.at(-1) : []) as string[];
      const missing = names.filter((name) => !(name in shared));
      if (missing.length > 0) {
        reject(new Error(`The plugin asks for ${missing.join(', ')}, which the workbench does not share.`));
        return;
      }
      resolve(factory(...names.map((name) => shared[name])).plugin);
    };
    Object.assign(window, { define: Object.assign(define, { amd: {} }) });
    const script = document.createElement('script');
    script.src = `${base}module.js`;
    script.onerror = () => reject(new Error('module.js does not load: run npm run build.'));
    document.head.append(script);
  });
}

/** State the services read; the page writes it. */
export const host = {
  role: 'Admin',
  variables: {} as Record<string, string | string[]>,
  dataSource: undefined as grafanaData.DataSourceApi<any> | undefined,
};

/** What Grafana says of the user at the start of a page. */
export function setRole(role: string): void {
  host.role = role;
  grafanaRuntime.config.exploreEnabled = true;
  Object.assign(grafanaRuntime.config.bootData.user, { orgRole: role });
  grafanaRuntime.config.bootData.user.permissions = role === 'Viewer' ? {} : { 'datasources:explore': true };
}

export function startServices(): void {
  const fetchRequest = ({ url, method = 'GET', responseType, data: sent, params, headers }: any) =>
    new rxjs.Observable((subscriber) => {
      const abort = new AbortController();
      fetch(params ? `${url}?${new URLSearchParams(params)}` : url, {
        method,
        signal: abort.signal,
        body: sent && JSON.stringify(sent),
        headers: { ...headers, ...(sent && { 'content-type': 'application/json' }), 'x-workbench-role': host.role },
      })
        .then(async (response) => {
          const data = responseType === 'arraybuffer' ? await response.arrayBuffer() : await response.json();
          if (!response.ok) {
            throw { status: response.status, data };
          }
          subscriber.next({ data, status: response.status, headers: response.headers, ok: true });
          subscriber.complete();
        })
        .catch((error) => subscriber.error(error));
      return () => abort.abort();
    });
  grafanaRuntime.setBackendSrv({ fetch: fetchRequest } as any);
  grafanaRuntime.setDataSourceSrv({
    get: async () => host.dataSource,
    getList: () => [],
    getInstanceSettings: () => undefined,
  } as any);
  grafanaRuntime.setTemplateSrv({ replace: replaceVariables, getVariables: () => [] } as any);
}

/** `$name`, `${name}`, `${name:queryparam}` and `${name:regex}`, as far as the dashboards use them. */
export function replaceVariables(
  text = '',
  scopedVars: Record<string, { value: string | string[] }> = {},
  format?: string | ((value: string | string[]) => string)
): string {
  return text.replace(/\$(?:(\w+)|\{(\w+)(?::(\w+))?\})/g, (whole, plain, braced, own) => {
    const name = plain ?? braced;
    const value = scopedVars[name]?.value ?? host.variables[name];
    if (value === undefined) {
      return whole;
    }
    const values = [value].flat();
    if (own === 'queryparam') {
      return values.map((each) => `var-${name}=${encodeURIComponent(each)}`).join('&');
    }
    if (values.join() === '.*') {
      return '.*'; // All is a pattern already.
    }
    if (own === 'regex') {
      const each = values.map((one) => grafanaData.escapeStringForRegex(one));
      return each.length === 1 ? each[0] : `(${each.join('|')})`;
    }
    return typeof format === 'function' && !name.startsWith('__') ? format(value) : values.join(',');
  });
}
