import { capturesView } from '../views/captures';
import { chosenEventView } from '../views/event';
import { eventsView } from '../views/events';
import { exemplarsView } from '../views/exemplars';
import { seriesView } from '../views/series';

/** The table of views that open no profile, in the order of the editor's list. They run where the query is asked. */
export const keyViews = [chosenEventView, capturesView, seriesView, eventsView, exemplarsView] as const;
