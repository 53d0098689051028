/** How goroutines are looked at. */
export interface GoroutineOptions {
  /** Which goroutines, as an expression (goroutineSearch.ts); '' for all. */
  readonly search: string;
  /** Signatures are of the calls of the program itself, not of the runtime's and the standard library's. */
  readonly collapseStd: boolean;
  /** What tells two calls apart in a signature. */
  readonly signature: SignatureChoice;
  /** Regular expressions, one a line, on the function of a signature: those that stay without being a leak. */
  readonly benign: string;
}

/** Lines of functions, or functions alone: versions of a program have other lines. */
export const signatureChoices = ['lines', 'functions'] as const;
export type SignatureChoice = (typeof signatureChoices)[number];

/**
 * Goroutines that libraries keep for as long as the process or a connection lives. A pattern is compared with the
 * innermost call of a signature, so it takes goroutines that do nothing but this: a handler of the program that runs
 * below net/http has its own function there.
 */
export const defaultBenign = [
  String.raw`^runtime\.`,
  String.raw`^runtime/(pprof|trace)\.`,
  String.raw`^main\.main$`,
  String.raw`^os/signal\.`,
  // Idle connections, their readers and writers, and the loop that accepts them.
  String.raw`^net/http\.\(\*(conn|persistConn|connReader|Server)\)\.`,
  String.raw`^(net/http\.\(\*http2|golang\.org/x/net/http2\.\(\*)(clientConnReadLoop|ClientConn|serverConn)\)\.`,
  String.raw`^database/sql\.\(\*DB\)\.connection(Opener|Cleaner|Resetter)$`,
  String.raw`^google\.golang\.org/grpc/internal/(transport|grpcsync)\.`,
  String.raw`^google\.golang\.org/grpc\.\(\*(Server|addrConn|ccBalancerWrapper)\)\.`,
  String.raw`^go\.opencensus\.io/stats/view\.\(\*worker\)\.start$`,
  String.raw`^go\.opentelemetry\.io/otel/sdk/`,
  String.raw`^(github\.com/golang/glog|k8s\.io/klog(/v2)?)\.`,
  String.raw`^github\.com/fsnotify/fsnotify\.`,
].join('\n');

export const defaultGoroutineOptions: GoroutineOptions = {
  search: '',
  collapseStd: true,
  signature: 'lines',
  benign: defaultBenign,
};
