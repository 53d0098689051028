// Jest setup provided by Grafana scaffolding
import './.config/jest-setup';

// React 19's renderer to strings, which @grafana/ui 13 loads, takes what every browser has and jsdom lacks. Node's own
// would keep the tests from ending: its ports are open as long as they have a listener.
global.MessageChannel ??= class {
  port1 = { onmessage: undefined, close() {} };
  port2 = { postMessage: (data) => setTimeout(() => this.port1.onmessage?.({ data })) };
};
