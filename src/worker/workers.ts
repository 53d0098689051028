import { Transport } from './transport';

/** Bytes of profiles and of merges' tables that all workers of a page hold together. */
const maxHeld = 256 * 1024 * 1024;

/** So many workers are of use at most: what they are given comes through one thread. */
export const mostWorkers = 8;

/** As many as the machine has processors beside that of the page, at least one. */
export const automaticWorkers = (): number =>
  Math.max(1, Math.min(mostWorkers, (globalThis.navigator?.hardwareConcurrency ?? 2) - 1));

/**
 * The workers of a page. The first is there from the beginning, others start when there is something to do for them. What each
 * may hold follows from what the others do: one alone may hold all, many share it.
 */
export class Workers {
  private readonly all: Transport[] = [];
  /** Who held least lately comes first. */
  private readonly byUse = new Set<Transport>();

  constructor(
    private readonly createWorker?: () => globalThis.Worker,
    /** How many there may be. */
    public count = 1,
    private readonly maxBytes = maxHeld
  ) {
    this.add();
  }

  get first(): Transport {
    return this.all[0];
  }

  find(isWanted: (transport: Transport) => boolean): Transport | undefined {
    return this.all.find(isWanted);
  }

  /** The one with least to do, a new one where all have something to do and there may be more. */
  free(): Transport {
    const [best] = this.byLoad();
    return best.load > 0 && this.all.length < this.most ? this.add() : best;
  }

  /** So many, or as many as there may be, `home` first. */
  several(wanted: number, home: Transport): readonly Transport[] {
    const count = Math.min(wanted, this.most);
    while (this.all.length < count) {
      this.add();
    }
    return [home, ...this.byLoad().filter((transport) => transport !== home)].slice(0, Math.max(1, count));
  }

  /** All others forget what they can, so that this one may hold more. */
  makeRoom(transport: Transport): void {
    if (this.all.length > 1) {
      this.all.forEach((other) => other !== transport && other.setLimit(0));
      transport.setLimit(this.maxBytes);
    }
  }

  /** On this thread more of them gain nothing. */
  private get most(): number {
    return this.first.isOnThisThread ? 1 : this.count;
  }

  private byLoad(): Transport[] {
    return [...this.all].sort((a, b) => a.load - b.load);
  }

  private add(): Transport {
    const transport: Transport = new Transport(this.createWorker, this.all.length, () => this.share(transport));
    this.all.push(transport);
    this.byUse.add(transport);
    return transport;
  }

  /** One has told what it holds: each may hold what the others leave, and no less than its share. */
  private share(told: Transport): void {
    if (this.all.length === 1) {
      return;
    }
    this.byUse.delete(told);
    this.byUse.add(told);
    const share = this.maxBytes / this.all.length;
    for (const transport of this.byUse) {
      const others = this.all.reduce((sum, { bytes }) => sum + bytes, 0) - transport.bytes;
      transport.setLimit(Math.max(share, this.maxBytes - others));
    }
  }
}
