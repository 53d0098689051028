import { requestsAtOnce } from './requestsAtOnce';

const entry = (nextHopProtocol: string, name = `${location.origin}/d/x`) => ({ name, nextHopProtocol });

test.each([
  [[], 6],
  [[entry('http/1.1')], 6],
  [[entry('h2')], 16],
  [[entry('h3')], 16],
  [[entry('', `${location.origin}/cached.js`), entry('h2')], 16],
  // A CDN is not Grafana.
  [[entry('h2', 'https://cdn.example.com/a.js'), entry('http/1.1')], 6],
  [[entry('h2', 'https://cdn.example.com/a.js')], 6],
])('%j: %s requests at once', (entries, expected) => {
  Object.assign(performance, { getEntriesByType: (type: string) => (type === 'resource' ? entries : []) });
  expect(requestsAtOnce()).toBe(expected);
});
