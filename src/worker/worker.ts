/// <reference lib="webworker" />
import { createHandler, transferables } from './handler';
import type { Request } from './messages';

// The worker's side of worker/client.ts.
const scope = self as unknown as DedicatedWorkerGlobalScope;
const handle = createHandler();
scope.onmessage = async (event: MessageEvent<Request>) => {
  const response = await handle(event.data, (progress) => scope.postMessage(progress));
  scope.postMessage(response, transferables(response));
};
