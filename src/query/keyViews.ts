import { captureFields } from '../fields/fields';
import { eventView, keyView } from '../views/view';

const eventLine = eventView({
  name: 'event',
  title: 'Event',
  description: 'the chosen capture in one line',
  group: 'Captures',
  opens: 'meta',
  base: 'none',
  panel: 'table',
  fields: [],
  reports: [],
});
const capturesView = keyView({
  name: 'captures',
  title: 'Captures',
  description: 'profiles in the bucket',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'table',
  fields: captureFields,
  reports: [],
});
const seriesView = keyView({
  name: 'series',
  title: 'Series',
  description: 'memory value at capture over time',
  group: 'Over time',
  opens: 'keys',
  base: 'none',
  panel: 'graph',
  fields: ['groupBy'],
  reports: [],
});
const eventsView = keyView({
  name: 'events',
  title: 'Events',
  description: 'captures as annotations over a panel',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'marks',
  fields: [],
  reports: [],
});
const exemplarsView = keyView({
  name: 'exemplars',
  title: 'Exemplars',
  description: 'captures as diamonds at their memory value',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'diamonds',
  fields: [],
  reports: [],
});

/** The table of views that open no profile. They run where the query is asked. */
export const keyViews = [eventLine, capturesView, seriesView, eventsView, exemplarsView] as const;
