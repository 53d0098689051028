import { BlobWorker as Worker } from './BlobWorker';
import type { Query } from '../query/query';
import type { ProfileFacts } from '../query/run';
import type { Table } from '../views/table';
import { createHandler } from './handler';
import type { Request, Response } from './messages';

/** What answers requests: a worker, or the same handler on this thread. */
interface Backend {
  post(request: Request, transfer: Transferable[]): void;
}

/** Reads an object's bytes; the client asks for those the worker does not hold. */
export type Load = (key: string) => Promise<ArrayBuffer>;

/** The request without its id; distributes over the union. */
type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

/**
 * The main thread's side of the worker. It alone knows how a worker starts; where none can (a proxy that forbids blob:
 * URLs, a sandbox), the same code answers on this thread.
 */
export class WorkerClient {
  private readonly waiting = new Map<number, (response: Response) => void>();
  private nextId = 1;
  private backend: Backend | undefined;

  constructor(private readonly createWorker: (() => globalThis.Worker) | undefined = startWorker) {}

  /** Tables of a query over the objects of these keys. @throws Error with the core's message */
  async run(keys: readonly string[], query: Query, load: Load, signal: AbortSignal): Promise<readonly Table[]> {
    const response = await this.withProfiles({ type: 'run', keys, query }, load, signal);
    return response.type === 'tables' ? response.tables : unexpected(response);
  }

  /** Sample types and label values of the objects of these keys. @throws Error with the core's message */
  async facts(keys: readonly string[], load: Load, signal: AbortSignal): Promise<ProfileFacts> {
    const response = await this.withProfiles({ type: 'labels', keys }, load, signal);
    return response.type === 'facts' ? response.facts : unexpected(response);
  }

  /** Decodes one object unless the worker holds it. @throws Error with the decoder's message */
  async load(key: string, load: Load, signal: AbortSignal): Promise<void> {
    const known = await this.ask({ type: 'labels', keys: [key] });
    if (known.type === 'missing') {
      await this.loadNow(key, load, signal);
    }
  }

  private async loadNow(key: string, load: Load, signal: AbortSignal): Promise<void> {
    const bytes = await load(key);
    signal.throwIfAborted();
    const response = await this.ask({ type: 'load', key, bytes }, [bytes]);
    if (response.type === 'error') {
      throw new Error(response.message);
    }
  }

  /** Asks, loads what is missing, and asks again. */
  private async withProfiles(question: Question, load: Load, signal: AbortSignal): Promise<Response> {
    let response = await this.ask(question);
    if (response.type === 'missing') {
      for (const key of response.keys) {
        await this.loadNow(key, load, signal);
      }
      response = await this.ask(question);
    }
    signal.throwIfAborted();
    if (response.type === 'error') {
      throw new Error(response.message);
    }
    if (response.type === 'missing') {
      throw new Error(
        `The profiles of this query do not fit the worker's cache at once (${response.keys.length} fell out). ` +
          'Choose fewer captures.'
      );
    }
    return response;
  }

  private ask(question: Question, transfer: Transferable[] = []): Promise<Response> {
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.start().post({ ...question, id } as Request, transfer);
    });
  }

  private start(): Backend {
    this.backend ??= this.startWorker() ?? this.onThisThread();
    return this.backend;
  }

  private startWorker(): Backend | undefined {
    if (!this.createWorker) {
      return undefined;
    }
    try {
      const worker = this.createWorker();
      const sent = new Map<number, Request>();
      worker.onmessage = ({ data }: MessageEvent<Response>) => {
        sent.delete(data.id);
        this.answer(data);
      };
      // A script that does not load ends here: what was asked is answered on this thread. Bytes that moved to the
      // worker are gone, so those are answered with an error and loaded again by the next query.
      worker.onerror = () => {
        this.backend = this.onThisThread();
        for (const request of sent.values()) {
          if (request.type === 'load') {
            this.answer({
              type: 'error',
              id: request.id,
              message: 'The decoding worker stopped; run the query again.',
              input: false,
            });
          } else {
            this.backend.post(request, []);
          }
        }
        worker.terminate();
      };
      return {
        post: (request, transfer) => {
          sent.set(request.id, request);
          worker.postMessage(request, transfer);
        },
      };
    } catch {
      return undefined;
    }
  }

  private onThisThread(): Backend {
    const handle = createHandler();
    return { post: (request) => void handle(request).then((response) => this.answer(response)) };
  }

  private answer(response: Response): void {
    this.waiting.get(response.id)?.(response);
    this.waiting.delete(response.id);
  }
}

function unexpected(response: Response): never {
  throw new Error(`The worker answered "${response.type}" out of turn.`);
}

function startWorker(): globalThis.Worker {
  return new Worker(new URL(/* webpackChunkName: "worker" */ './worker.ts', import.meta.url));
}
