import { Alert, Button, Checkbox, Field, Icon, Input, LoadingPlaceholder, Modal, Stack } from '@grafana/ui';
import React, { useEffect, useMemo, useState } from 'react';
import type {
  CaptureRequest,
  Gateway,
  GatewayEvent,
  GatewayTarget,
  GatewayTargets,
  RefusedCapture,
  StartedCaptures,
} from '../gateway';
import { profileOf, type Captured } from './captureShown';
import { LateCombobox } from './LateCombobox';

interface Props {
  gateway: Gateway;
  service: string;
  onCaptured: (captured: Captured) => void;
  onDismiss: () => void;
}

/** Names of profiles that the form has words for, by the gateway's names; those that take time say what happened in it. */
const profileTexts: Readonly<Record<string, { label: string; takesTime?: true }>> = {
  heap: { label: 'Heap' },
  cpu: { label: 'CPU', takesTime: true },
  goroutine: { label: 'Goroutines' },
  'goroutine-text': { label: 'Goroutines, each (stops the process)' },
  trace: { label: 'Execution trace', takesTime: true },
  allocs: { label: 'Allocations' },
  mutex: { label: 'Mutex' },
  block: { label: 'Block' },
  'allocs-delta': { label: 'Allocations meanwhile', takesTime: true },
  'mutex-delta': { label: 'Mutex meanwhile', takesTime: true },
  'block-delta': { label: 'Block meanwhile', takesTime: true },
  goroutineleak: { label: 'Goroutine leaks (Go 1.26)' },
};

/** Stands for all instances; no instance is named so, since names of hosts have no spaces. */
const allInstances = 'all instances';
/** How often progress is asked for, in ms. */
const interval = 1000;
/** How often in a row it may fail: the gateway is started anew, or a proxy before it. */
const maxTries = 5;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const isOver = ({ state }: GatewayEvent) => state === 'stored' || state === 'partial' || state === 'failed';
const storedOf = ({ files }: GatewayEvent) =>
  files.filter(({ state, name }) => state === 'stored' && name !== 'meta.json');

/** From the choice of processes and profiles to the event that is shown. Closing it does not stop captures that run. */
export function CaptureDialog({ gateway, service, onCaptured, onDismiss }: Props) {
  const [targets, setTargets] = useState<GatewayTargets>();
  const [request, setRequest] = useState<CaptureRequest>();
  const [started, setStarted] = useState<StartedCaptures>();
  const [problem, setProblem] = useState('');
  const signal = useAbortOnLeave();

  useEffect(() => {
    gateway.targets(signal).then(setTargets, (error) => signal.aborted || setProblem(textOf(error)));
  }, [gateway, signal]);

  const show = (asked: CaptureRequest, { events }: StartedCaptures) => {
    const shown = events.filter((event) => storedOf(event).length > 0);
    const files = shown.flatMap(storedOf);
    // As keys have it: a dump as text is of the profile goroutine too.
    const named = asked.profiles.flatMap((asked) =>
      files.filter(({ profile }) => profile === asked).map(({ name }) => profileOf(name))
    );
    onCaptured({
      service: asked.service,
      events: shown.map(({ id }) => id),
      profiles: [...new Set(named)],
      keys: storedOf(shown[0]).map(({ name }) => `${shown[0].folder}/${name}`),
    });
    onDismiss();
  };
  const start = async (asked: CaptureRequest) => {
    setRequest(asked);
    setProblem('');
    try {
      let now = await gateway.capture(asked, signal);
      for (setStarted(now); !now.events.every(isOver); setStarted(now)) {
        await new Promise((resolve) => setTimeout(resolve, interval));
        const ask = nextOf(gateway, signal);
        now = { ...now, events: await Promise.all(now.events.map((event) => (isOver(event) ? event : ask(event)))) };
      }
      if (now.refused.length === 0 && now.events.every(({ state }) => state === 'stored')) {
        show(asked, now);
      }
    } catch (error) {
      if (!signal.aborted) {
        setProblem(textOf(error));
        setRequest(undefined);
        setStarted(undefined);
      }
    }
  };

  return (
    <Modal title="Capture now" isOpen onDismiss={onDismiss}>
      {problem && <Alert severity="error" title={problem} />}
      {!targets && !problem && <LoadingPlaceholder text="Asking the gateway for its processes…" />}
      {targets && !request && (
        <CaptureForm {...{ targets, service, onDismiss }} onStart={(asked) => void start(asked)} />
      )}
      {request && (
        <Progress started={started} onShow={started && (() => show(request, started))} onDismiss={onDismiss} />
      )}
    </Modal>
  );
}

/** What has become of an event; of a gateway that does not answer for a moment, what was known. */
function nextOf(gateway: Gateway, signal: AbortSignal) {
  return async (event: GatewayEvent): Promise<GatewayEvent> => {
    for (let tries = 0; ; tries++) {
      try {
        return await gateway.event(event.id, signal);
      } catch (error) {
        if (signal.aborted || tries === maxTries) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
    }
  };
}

/** Aborted when the component goes away. */
function useAbortOnLeave(): AbortSignal {
  const [abort] = useState(() => new AbortController());
  useEffect(() => () => abort.abort(), [abort]);
  return abort.signal;
}

interface FormProps {
  targets: GatewayTargets;
  service: string;
  onStart: (request: CaptureRequest) => void;
  onDismiss: () => void;
}

function CaptureForm({ targets: gateway, service: ofQuery, onStart, onDismiss }: FormProps) {
  const { targets, profiles, maxSeconds, maxInstances } = gateway;
  const services = useMemo(() => [...new Set(targets.map(({ service }) => service))].sort(), [targets]);
  const [service, setService] = useState(services.includes(ofQuery) ? ofQuery : (services[0] ?? ''));
  const ofService = targets.filter((target) => target.service === service);
  const instances = ofService.map(({ instance }) => instance);
  const mayAll = instances.length > 1 && instances.length <= maxInstances;
  const [chosen, setInstance] = useState('');
  const instance = (chosen === allInstances && mayAll) || instances.includes(chosen) ? chosen : (instances[0] ?? '');
  const [names, setNames] = useState<readonly string[]>(['heap']);
  const [seconds, setSeconds] = useState(Math.min(10, maxSeconds));
  const [reason, setReason] = useState('');
  const takesTime = names.some((name) => profileTexts[name]?.takesTime);
  const isInTime = seconds >= 1 && seconds <= maxSeconds;
  const isValid = instance !== '' && names.length > 0 && (isInTime || !takesTime);

  if (services.length === 0) {
    return (
      <Alert severity="info" title="The gateway has no targets: name them in its configuration (docs/gateway.md)." />
    );
  }
  const known = Object.keys(profileTexts).filter((name) => profiles.includes(name));
  const toggle = (name: string, isOn: boolean) =>
    setNames(known.filter((each) => (each === name ? isOn : names.includes(each))));
  const start = () =>
    onStart({
      service,
      ...(instance === allInstances ? { all: true as const } : { instance }),
      profiles: names,
      seconds,
      reason: reason.trim(),
    });
  return (
    <>
      <Field label="Service" htmlFor="capture-service">
        <LateCombobox
          id="capture-service"
          options={services.map((value) => ({ value, label: value }))}
          value={service}
          onChange={({ value }) => setService(value)}
        />
      </Field>
      <Field label="Instance" htmlFor="capture-instance" description={noteOf(ofService, instance, maxInstances)}>
        <LateCombobox
          id="capture-instance"
          options={[
            ...instances.map((value) => ({ value, label: value })),
            ...(mayAll ? [{ value: allInstances, label: `All ${instances.length} instances` }] : []),
          ]}
          value={instance}
          onChange={({ value }) => setInstance(value)}
        />
      </Field>
      <Field label="Profiles">
        <Stack direction="row" columnGap={2} rowGap={1} wrap="wrap">
          {known.map((name) => (
            <Checkbox
              key={name}
              label={profileTexts[name].label}
              value={names.includes(name)}
              onChange={({ currentTarget }) => toggle(name, currentTarget.checked)}
            />
          ))}
        </Stack>
      </Field>
      {takesTime && (
        <Field
          label="Seconds"
          htmlFor="capture-seconds"
          description="Of each profile that takes time, one after the other."
          invalid={!isInTime}
          error={`1 to ${maxSeconds}.`}
        >
          <Input
            id="capture-seconds"
            type="number"
            min={1}
            max={maxSeconds}
            width={12}
            value={seconds || ''}
            onChange={({ currentTarget }) => setSeconds(Math.trunc(Number(currentTarget.value)))}
          />
        </Field>
      )}
      <Field label="Reason" htmlFor="capture-reason" description="Kept with the capture.">
        <Input
          id="capture-reason"
          value={reason}
          placeholder="INC-1234"
          maxLength={200}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </Field>
      {isValid && <p>{confirmation({ service, instance, instances, names, seconds, takesTime })}</p>}
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onDismiss}>
          Cancel
        </Button>
        <Button icon="camera" disabled={!isValid} onClick={start}>
          Capture
        </Button>
      </Modal.ButtonRow>
    </>
  );
}

/** What is to be known of the instance that is chosen, or of their number. */
function noteOf(ofService: readonly GatewayTarget[], instance: string, most: number): string | undefined {
  if (ofService.some((target) => target.instance === instance && target.busy)) {
    return 'It was being captured when this opened: another capture is refused until that is over.';
  }
  return ofService.length > most
    ? `One of ${ofService.length}: the gateway captures at most ${most} at once.`
    : undefined;
}

interface Confirmed {
  service: string;
  instance: string;
  instances: readonly string[];
  names: readonly string[];
  seconds: number;
  takesTime: boolean;
}

/** What a click on Capture does, in one sentence. */
function confirmation({ service, instance, instances, names, seconds, takesTime }: Confirmed): string {
  const of =
    instance === allInstances ? `all ${instances.length} instances of ${service}` : `${instance} of ${service}`;
  const time = takesTime ? `, over ${seconds} s where that takes time` : '';
  return `Captures ${names.join(', ')} of ${of}${time}.`;
}

const icons = {
  waiting: 'clock-nine',
  reading: 'spinner',
  stored: 'check',
  spooled: 'exclamation-triangle',
  failed: 'times-circle',
} as const;

interface ProgressProps {
  started: StartedCaptures | undefined;
  onShow?: () => void;
  onDismiss: () => void;
}

function Progress({ started: { events, refused } = { events: [], refused: [] }, onShow, onDismiss }: ProgressProps) {
  const isDone = events.length > 0 && events.every(isOver);
  return (
    <>
      <p aria-live="polite">{isDone ? 'Not all is stored.' : 'The gateway captures. Closing this does not stop it.'}</p>
      {events.map((event) => (
        <EventFiles key={event.id} {...event} />
      ))}
      {refused.map((each) => (
        <Refused key={each.instance} {...each} />
      ))}
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onDismiss}>
          Close
        </Button>
        {isDone && events.some((event) => storedOf(event).length > 0) && (
          <Button onClick={onShow}>Show what is stored</Button>
        )}
      </Modal.ButtonRow>
    </>
  );
}

const EventFiles = ({ instance, files }: GatewayEvent) => (
  <>
    {files.map(({ name, state, reason }) => (
      <div key={name}>
        <Icon name={icons[state]} /> {instance} {name}:{' '}
        {state === 'spooled' ? 'the bucket does not answer; it is stored when that does' : state}
        {reason && `: ${reason}`}
      </div>
    ))}
  </>
);

const Refused = ({ instance, reason }: RefusedCapture) => (
  <div>
    <Icon name={icons.failed} /> {instance}: not captured: {reason}
  </div>
);
