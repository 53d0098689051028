/// <reference lib="webworker" />
import { createHandler, transferables } from './handler';
import type { Request } from './messages';

declare let __webpack_public_path__: string;

// The worker's side of worker/client.ts.
const scope = self as unknown as DedicatedWorkerGlobalScope & { readonly scriptFolder?: string };
if (scope.scriptFolder) {
  __webpack_public_path__ = scope.scriptFolder; // Where webpack's runtime looks for chunks.
}
const handle = createHandler();
scope.onmessage = async (event: MessageEvent<Request>) => {
  const response = await handle(event.data, (progress) => scope.postMessage(progress));
  scope.postMessage(response, transferables(response));
};
