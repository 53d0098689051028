import type { QueryEditorProps } from '@grafana/data';
import { Button, InlineFieldRow, InlineSwitch, Stack, type ComboboxOption } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import type { PprofDataSource } from '../datasource';
import { leftOut, printCommand } from '../query/commandLine';
import { isGoroutineView, isHistoryView } from '../query/goroutineOptions';
import {
  defaultQuery,
  isComparedView,
  isFlameView,
  isProcessView,
  isProfileView,
  namesFunctions,
  type View,
} from '../query/query';
import { captureChoices, type CaptureChoice } from '../captures/choices';
import type { PprofOptions, PprofQuery } from '../types';
import { BaseFields } from './BaseFields';
import { Choice } from './Choice';
import { CommandField } from './CommandField';
import { DownloadButton } from './DownloadButton';
import { EstimateFields } from './EstimateFields';
import { ChoiceField, LabelledField, labelWidth, TextField } from './fields';
import { GoroutineFields } from './GoroutineFields';
import { LabelFilters } from './LabelFilters';
import { OptionFields } from './OptionFields';
import { ownFields, readFields, writeFields, type SelectorFields } from './selectorFields';

type Props = QueryEditorProps<PprofDataSource, PprofQuery, PprofOptions>;

const viewOptions: Array<ComboboxOption<View>> = [
  { value: 'flame', label: 'Flame graph' },
  { value: 'top', label: 'Top', description: 'flat and cum of each function' },
  { value: 'diff', label: 'Diff', description: 'what changed since the base' },
  { value: 'growth', label: 'Growth', description: 'what grows over the captures of a process' },
  { value: 'callers', label: 'Callers', description: 'inverted flame graph: leaves first' },
  { value: 'sandwich', label: 'Sandwich', description: 'callees and callers of a function' },
  { value: 'peek', label: 'Peek', description: 'a function between its callers and callees' },
  { value: 'tree', label: 'Tree', description: 'every function between its callers and callees' },
  { value: 'list', label: 'List', description: 'lines of a function' },
  { value: 'graph', label: 'Graph', description: 'call graph for the node graph panel' },
  { value: 'tags', label: 'Tags', description: 'value of each label' },
  { value: 'sizes', label: 'Sizes', description: 'sizes of allocations by call site' },
  { value: 'traces', label: 'Traces', description: 'the largest samples with their stacks' },
  { value: 'memory', label: 'Memory', description: 'from the limit down to what the heap profile explains' },
  { value: 'goroutines', label: 'Goroutines', description: 'groups by stack, and what changed since the base' },
  { value: 'creators', label: 'Creators', description: 'who started the goroutines' },
  { value: 'blockers', label: 'Blockers', description: 'who probably holds the lock that others wait for' },
  { value: 'leaks', label: 'Leaks', description: 'goroutines that grow over the captures of a process' },
  { value: 'leakSeries', label: 'Leaks over time', description: 'the same as a series per stack' },
  { value: 'states', label: 'States over time', description: 'goroutines of a process by class of state' },
  { value: 'event', label: 'Event', description: 'the chosen capture in one line' },
  { value: 'captures', label: 'Captures', description: 'profiles in the bucket' },
  { value: 'series', label: 'Series', description: 'memory value at capture over time' },
  { value: 'events', label: 'Events', description: 'captures as annotations over a panel' },
  { value: 'exemplars', label: 'Exemplars', description: 'captures as diamonds at their memory value' },
];

const captureLabels: Record<CaptureChoice, string> = {
  latest: 'Latest in range',
  first: 'First in range',
  merge: 'Merge all in range',
  peak: 'Peak value in range',
  nearest: 'Nearest at or before',
  event: 'Event id or key',
};
const captureOptions = captureChoices.map((value) => ({ value, label: captureLabels[value] }));

export function QueryEditor({ datasource, query: stored, onChange, onRunQuery, range, data }: Props) {
  const query = { ...defaultQuery, ...stored };
  const fields = readFields(query.selector);
  const opensProfiles = isProfileView(query.view);
  const hasOptions = opensProfiles || isProcessView(query.view);
  // Of a list of captures it is the one that is marked.
  const choosesCapture = hasOptions || ['memory', 'event', 'captures'].includes(query.view);
  const isOfGoroutines = isGoroutineView(query.view) || isHistoryView(query.view);
  const id = (name: string) => `pprof-${query.refId}-${name}`;
  const facts = useFacts(datasource, range);
  const [isText, setIsText] = useState(false);

  const change = (patch: Partial<PprofQuery>) => {
    onChange({ ...stored, ...patch });
    onRunQuery();
  };
  /** A filter that has no value yet is kept but not run: it would ask for samples without that label. */
  const changeFilters = (changed: SelectorFields) => {
    onChange({ ...stored, selector: writeFields(changed) });
    if (changed.filters.every(({ value }) => value !== '')) {
      onRunQuery();
    }
  };

  /** Values of a label among the captures that the other conditions leave; for '' the labels there are. */
  const values = async (others: SelectorFields, label: string, typed: string): Promise<ComboboxOption[]> => {
    const complete = { ...others, filters: others.filters.filter(({ value }) => value !== '') };
    const { labels } = await facts(writeFields(complete));
    const names = label === '' ? Object.keys(labels).filter(isRowLabel) : [];
    return suggestions(Object.hasOwn(labels, label) ? labels[label] : names, typed);
  };
  const sampleTypes = async (typed: string) => suggestions((await facts(query.selector)).sampleTypes, typed);

  // The last run knows the values of the dashboard's variables.
  const request = data?.request ?? (range && { range, scopedVars: {} });

  const filters = datasource.sampleFilters(query.selector);
  // The frame knows the objects that were opened; before it is there, the command names none.
  const executed = data?.series.find(({ refId }) => refId === query.refId)?.meta?.executedQueryString;
  const command = executed?.startsWith('go tool pprof') ? executed : printCommand(query, filters);

  return (
    <Stack direction="column" gap={0.5}>
      <InlineFieldRow>
        <ChoiceField
          id={id('view')}
          label="View"
          labelWidth={labelWidth}
          width={22}
          options={viewOptions}
          value={query.view}
          onChange={(view) => change({ view })}
        />
        {choosesCapture && (
          <ChoiceField
            id={id('capture')}
            label="Captures"
            tooltip={
              isProcessView(query.view)
                ? 'The capture whose process is followed over the time range.'
                : 'Which captures of the time range are opened.'
            }
            options={captureOptions}
            value={query.capture}
            onChange={(capture) => change({ capture })}
          />
        )}
        {choosesCapture && query.capture === 'event' && (
          <TextField
            id={id('event')}
            label="Event"
            value={query.event}
            placeholder="event id or object key"
            onCommit={(event) => change({ event })}
          />
        )}
        {choosesCapture && query.capture === 'nearest' && (
          <TextField
            id={id('at')}
            label="Time"
            value={query.at}
            placeholder="end of the range"
            onCommit={(at) => change({ at })}
          />
        )}
        {opensProfiles && request && (
          <DownloadButton download={(signal) => datasource.download(stored, request, signal)} />
        )}
      </InlineFieldRow>

      {fields && !isText ? (
        <>
          <InlineFieldRow>
            {ownFields.map((name) => (
              <LabelledField
                key={name}
                id={id(name)}
                label={name === 'service' ? 'Service' : 'Profile'}
                labelWidth={name === 'service' ? labelWidth : undefined}
              >
                <Choice
                  id={id(name)}
                  width={22}
                  isClearable
                  createCustomValue
                  placeholder="any"
                  value={fields[name] || null}
                  options={(typed) => values({ ...fields, [name]: '' }, name, typed)}
                  onChange={(option) => change({ selector: writeFields({ ...fields, [name]: option?.value ?? '' }) })}
                />
              </LabelledField>
            ))}
            {hasOptions && (!isOfGoroutines || query.view === 'creators') && (
              <LabelledField id={id('sampleIndex')} label="Sample type" tooltip="pprof's sample_index.">
                <Choice
                  id={id('sampleIndex')}
                  width={22}
                  isClearable
                  createCustomValue
                  placeholder="default"
                  value={query.sampleIndex || null}
                  options={sampleTypes}
                  onChange={(option) => change({ sampleIndex: option?.value ?? '' })}
                />
              </LabelledField>
            )}
          </InlineFieldRow>
          <LabelFilters
            id={id('filter')}
            filters={fields.filters}
            values={(label, typed, others) => values({ ...fields, filters: others }, label, typed)}
            onChange={(filters) => changeFilters({ ...fields, filters })}
          >
            <Button variant="secondary" fill="text" icon="pen" onClick={() => setIsText(true)}>
              Edit as text
            </Button>
          </LabelFilters>
        </>
      ) : (
        <InlineFieldRow>
          <TextField
            id={id('selector')}
            label="Selector"
            labelWidth={labelWidth}
            width={54}
            value={query.selector}
            placeholder={'{service="ingester"}'}
            onCommit={(selector) => change({ selector })}
          />
          {fields && (
            <Button variant="secondary" fill="text" icon="list-ul" onClick={() => setIsText(false)}>
              Edit as fields
            </Button>
          )}
        </InlineFieldRow>
      )}

      {isComparedView(query.view) && (
        <BaseFields
          id={id}
          query={query}
          hasScale={!isOfGoroutines}
          hasDrawing={isFlameView(query.view)}
          onChange={change}
        />
      )}
      {(isOfGoroutines || query.search !== '') && <GoroutineFields id={id} query={query} onChange={change} />}
      {['peek', 'list', 'sandwich'].includes(query.view) && (
        <TextField
          id={id('peek')}
          label="Function"
          labelWidth={labelWidth}
          width={60}
          value={query.peek}
          placeholder="e.g. json\.Marshal"
          tooltip="Regular expression on the names of functions: those that are shown."
          onCommit={(peek) => change({ peek })}
        />
      )}
      {hasOptions && (
        <>
          <InlineFieldRow>
            <TextField
              id={id('focus')}
              label="Focus"
              labelWidth={labelWidth}
              value={query.focus}
              placeholder="e.g. json|gob"
              tooltip="Regular expression: samples with a function, file or binary that matches stay."
              onCommit={(focus) => change({ focus })}
            />
            <TextField
              id={id('ignore')}
              label="Ignore"
              value={query.ignore}
              placeholder="e.g. ^runtime\."
              tooltip="Regular expression: samples with a function, file or binary that matches go."
              onCommit={(ignore) => change({ ignore })}
            />
            <TextField
              id={id('tagRoot')}
              label="Tag root"
              width={22}
              value={query.tagRoot}
              placeholder="e.g. tenant_id"
              tooltip="Labels whose values become frames at the root, separated by commas."
              onCommit={(tagRoot) => change({ tagRoot })}
            />
            {namesFunctions(query.view) && (
              <LabelledField
                id={id('fullNames')}
                label="Full names"
                tooltip="Functions with their whole import path and type arguments. Filters read full names either way; a short name finds its function where it has no […]."
              >
                <InlineSwitch
                  id={id('fullNames')}
                  value={query.fullNames}
                  onChange={({ currentTarget }) => change({ fullNames: currentTarget.checked })}
                />
              </LabelledField>
            )}
          </InlineFieldRow>
          <OptionFields id={id} options={query} onChange={change} />
        </>
      )}
      {opensProfiles && !isOfGoroutines && (
        <>
          <EstimateFields id={id} query={query} onChange={change} />
          <CommandField
            id={id}
            command={command}
            leftOut={leftOut(query, filters)}
            isKey={(file) => datasource.isKey(file)}
            onChange={change}
          />
        </>
      )}
      {query.view === 'series' && (
        <TextField
          id={id('groupBy')}
          label="Group by"
          labelWidth={labelWidth}
          value={query.groupBy}
          placeholder="service,instance"
          tooltip="Key labels that make a series, separated by commas."
          onCommit={(groupBy) => change({ groupBy })}
        />
      )}
    </Stack>
  );
}

type Facts = Awaited<ReturnType<PprofDataSource['facts']>>;

/** Labels and sample types of a selector's captures. */
type AskFacts = (selector: string) => Promise<Facts>;

function useFacts(datasource: PprofDataSource, range: Props['range']): AskFacts {
  return useMemo(() => rememberLast((selector) => datasource.facts(selector, range)), [datasource, range]);
}

/** Keeps the last answer: each key typed in a field asks for it again. */
function rememberLast(ask: AskFacts): AskFacts {
  let last: { selector: string; facts: Promise<Facts> } | undefined;
  return (selector) => {
    if (last?.selector !== selector) {
      // Without suggestions anything can still be typed, and the query itself says what is wrong.
      last = { selector, facts: ask(selector).catch((): Facts => ({ labels: {}, sampleTypes: [] })) };
    }
    return last.facts;
  };
}

/** Whether a label can have a row: it has no field of its own. */
const isRowLabel = (label: string) => !ownFields.some((name) => name === label);

function suggestions(all: readonly string[], typed: string): ComboboxOption[] {
  const wanted = typed.toLowerCase();
  return all.filter((value) => value.toLowerCase().includes(wanted)).map((value) => ({ value }));
}
