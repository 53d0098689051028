// The workbench's server: the page, the built plugin, data source settings, and a data source proxy that follows
// Grafana's rules (pkg/api/pluginproxy/ds_proxy.go): the first route whose method equals and whose path is a prefix is
// taken; its role is checked; a request that no route takes goes to the data source's own URL, which is empty, so it
// fails with 502. Secrets are added here and never leave it.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';

const types = {
  '.js': 'text/javascript',
  '.html': 'text/html',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.map': 'application/json',
  '.woff2': 'font/woff2',
};
const roles = ['Viewer', 'Editor', 'Admin'];
const uid = 'pproflens';

/** What a browser may see of them. */
function publicSettings({ secureJsonData, ...settings }) {
  const set = Object.entries(secureJsonData).filter(([, value]) => value !== '');
  return { ...settings, secureJsonFields: Object.fromEntries(set.map(([name]) => [name, true])) };
}

/** A route's `{{ .JsonData.name | orEmpty }}` filled in. */
const fillIn = (template, { jsonData, secureJsonData }) =>
  template.replace(/\{\{\s*\.(Json|SecureJson)Data\.(\w+)[^}]*\}\}/g, (_, kind, name) =>
    String((kind === 'Json' ? jsonData : secureJsonData)[name] ?? '')
  );

async function forward(response, target, init) {
  try {
    const answer = await fetch(target, { ...init, redirect: 'manual' });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 401) {
      return response.writeHead(400).end('{"message":"Authentication to data source failed"}');
    }
    return response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  } catch {
    return response.writeHead(502).end('{"message":"Bad Gateway"}');
  }
}

/**
 * @param prometheus its `url`, or why there is none as `missing`
 * @param gateway its `url` and `token`, where the bucket is read through one
 */
export function createWorkbench({ dist, page, icons, bucketUrl, prometheus, gateway }) {
  const plugin = JSON.parse(readFileSync(join(dist, 'plugin.json'), 'utf8'));
  const memory = { name: 'Memory', query: 'autoprofiler_memory_bytes{service="$service", instance="$instance"}' };
  const jsonData = {
    bucketUrl,
    metricsUid: 'prometheus',
    metricsQueries: [memory],
    // Versions of the recorded captures are no tags of the repository.
    sourceUrl: 'https://github.com/pproflens/pproflens/blob/main/{path}#L{line}',
    ...(gateway && { gatewayUrl: gateway.url, authMethod: 'bearer', httpHeaderName1: 'Authorization' }),
  };
  const secureJsonData = gateway ? { gatewayToken: gateway.token, httpHeaderValue1: `Bearer ${gateway.token}` } : {};
  /** Of the one data source, as Grafana stores them. */
  let settings = { uid, name: 'Pprof Lens', version: 1, basicAuth: false, jsonData, secureJsonData };

  async function proxy(request, response, path, search) {
    const role = roles.indexOf(request.headers['x-workbench-role'] ?? 'Viewer');
    const route = plugin.routes.find(
      ({ method, path: prefix }) => method === request.method && path.startsWith(prefix)
    );
    if (route && role < roles.indexOf(route.reqRole ?? 'Viewer')) {
      return response.writeHead(403).end('{"message":"plugin proxy route access denied"}');
    }
    const base = route ? fillIn(route.url, settings) : '';
    if (!base) {
      return response.writeHead(502).end('{"message":"Bad Gateway"}');
    }
    const query = new URLSearchParams(search);
    query.sort();
    const headers = {};
    const { basicAuthUser: user, secureJsonData: secrets } = settings;
    if (settings.basicAuth) {
      headers.authorization = `Basic ${Buffer.from(`${user}:${secrets.basicAuthPassword ?? ''}`).toString('base64')}`;
    }
    if (settings.jsonData.httpHeaderName1) {
      headers[settings.jsonData.httpHeaderName1] = secrets.httpHeaderValue1 ?? '';
    }
    for (const { name, content } of route.headers ?? []) {
      headers[name] = fillIn(content, settings);
    }
    const body = request.method === 'POST' ? Buffer.concat(await request.toArray()) : undefined;
    if (body) {
      headers['content-type'] = request.headers['content-type'] ?? '';
    }
    const target = base.replace(/\/$/, '') + path.slice(route.path.length) + (query.size ? `?${query}` : '');
    return forward(response, target, { method: request.method, headers, body });
  }

  function file(response, root, path) {
    const full = normalize(join(root, decodeURIComponent(path)));
    if (!full.startsWith(root) || !existsSync(full)) {
      return response.writeHead(404).end();
    }
    return response
      .writeHead(200, { 'content-type': types[extname(full)] ?? 'application/octet-stream' })
      .end(readFileSync(full));
  }

  return createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://workbench');
    const proxyPrefix = `/api/datasources/proxy/uid/${uid}/`;
    if (pathname.startsWith(proxyPrefix)) {
      return proxy(request, response, request.url.slice(proxyPrefix.length).split('?')[0], search);
    }
    const metricsPrefix = '/api/datasources/proxy/uid/prometheus/';
    if (pathname.startsWith(metricsPrefix) && request.method === 'GET') {
      return prometheus.url
        ? forward(response, `${prometheus.url}/${request.url.slice(metricsPrefix.length)}`)
        : response.writeHead(502).end(JSON.stringify({ message: `There is no Prometheus: ${prometheus.missing}.` }));
    }
    if (pathname === `/api/datasources/uid/${uid}`) {
      if (request.method === 'PUT') {
        if (request.headers['x-workbench-role'] !== 'Admin') {
          return response.writeHead(403).end('{"message":"You need datasources:write to change a data source"}');
        }
        const { secureJsonData = {}, ...next } = JSON.parse(Buffer.concat(await request.toArray()));
        settings = {
          ...settings,
          ...next,
          version: settings.version + 1,
          secureJsonData: { ...settings.secureJsonData, ...secureJsonData },
        };
      }
      return response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(publicSettings(settings)));
    }
    if (pathname.startsWith(`/public/plugins/${plugin.id}/`)) {
      return file(response, dist, pathname.slice(`/public/plugins/${plugin.id}`.length));
    }
    const icon = /^\/public\/(?:build\/)?img\/icons\/(.+)$/.exec(pathname);
    if (icon) {
      return file(response, icons, `/${icon[1]}`);
    }
    // Links of the plugin are addresses within Grafana.
    return file(response, page, /^\/($|d\/|explore)/.test(pathname) ? '/index.html' : pathname);
  });
}
