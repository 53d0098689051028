import { Alert, Button, Checkbox, Field, Icon, Input, LoadingPlaceholder, Modal, Stack } from '@grafana/ui';
import React, { useEffect, useMemo, useState } from 'react';
import type { CaptureProgress, CaptureRequest, CaptureStep, Gateway, GatewayTarget } from '../gateway';
import { LateCombobox } from './LateCombobox';

interface Props {
  gateway: Gateway;
  service: string;
  onCaptured: (service: string, event: string, profiles: readonly string[]) => void;
  onDismiss: () => void;
}

/** What net/http/pprof serves. A goroutine profile as text names each goroutine, and stops the process while it is made. */
const profiles: ReadonlyArray<{ name: string; label: string; takesTime?: true }> = [
  { name: 'heap', label: 'Heap' },
  { name: 'cpu', label: 'CPU', takesTime: true },
  { name: 'goroutine', label: 'Goroutines' },
  { name: 'allocs', label: 'Allocations' },
  { name: 'mutex', label: 'Mutex' },
  { name: 'block', label: 'Block' },
  { name: 'trace', label: 'Execution trace', takesTime: true },
  { name: 'goroutineleak', label: 'Goroutine leaks' },
];

/** Stands for all instances; no instance is named so, since names of hosts have no spaces. */
const allInstances = 'all instances';
const maxSeconds = 60;
/** How often progress is asked for, in ms. */
const interval = 1000;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** From the choice of processes and profiles to the event that is shown. Closing it does not stop a capture that runs. */
export function CaptureDialog({ gateway, service, onCaptured, onDismiss }: Props) {
  const [targets, setTargets] = useState<readonly GatewayTarget[]>();
  const [progress, setProgress] = useState<CaptureProgress>();
  const [request, setRequest] = useState<CaptureRequest>();
  const [problem, setProblem] = useState('');
  const signal = useAbortOnLeave();

  useEffect(() => {
    gateway.targets(signal).then(setTargets, (error) => signal.aborted || setProblem(textOf(error)));
  }, [gateway, signal]);

  const start = async (asked: CaptureRequest) => {
    setRequest(asked);
    setProblem('');
    try {
      let now = await gateway.capture(asked, signal);
      setProgress(now);
      while (!now.done) {
        await new Promise((resolve) => setTimeout(resolve, interval));
        setProgress((now = await gateway.progress(now.event, signal)));
      }
      if (now.steps.every(({ state }) => state === 'stored')) {
        show(asked, now);
      }
    } catch (error) {
      if (!signal.aborted) {
        setProblem(textOf(error));
        setRequest(undefined);
      }
    }
  };
  const show = (asked: CaptureRequest, { event, steps }: CaptureProgress) => {
    const stored = new Set(steps.filter(({ state }) => state === 'stored').map(({ profile }) => profile));
    onCaptured(
      asked.service,
      event,
      asked.profiles.filter((profile) => stored.has(profile))
    );
    onDismiss();
  };

  return (
    <Modal title="Capture now" isOpen onDismiss={onDismiss}>
      {problem && <Alert severity="error" title={problem} />}
      {!targets && !problem && <LoadingPlaceholder text="Asking the gateway for its processes…" />}
      {targets && !request && (
        <CaptureForm {...{ targets, service, onDismiss }} onStart={(asked) => void start(asked)} />
      )}
      {request && (
        <CaptureSteps progress={progress} onShow={progress && (() => show(request, progress))} onDismiss={onDismiss} />
      )}
    </Modal>
  );
}

/** Aborted when the component goes away. */
function useAbortOnLeave(): AbortSignal {
  const [abort] = useState(() => new AbortController());
  useEffect(() => () => abort.abort(), [abort]);
  return abort.signal;
}

interface FormProps {
  targets: readonly GatewayTarget[];
  service: string;
  onStart: (request: CaptureRequest) => void;
  onDismiss: () => void;
}

function CaptureForm({ targets, service: ofQuery, onStart, onDismiss }: FormProps) {
  const services = useMemo(() => [...new Set(targets.map(({ service }) => service))].sort(), [targets]);
  const [service, setService] = useState(services.includes(ofQuery) ? ofQuery : (services[0] ?? ''));
  const instances = targets.filter((target) => target.service === service).map(({ instance }) => instance);
  const [chosen, setInstance] = useState('');
  const instance = chosen === allInstances || instances.includes(chosen) ? chosen : (instances[0] ?? '');
  const [names, setNames] = useState<readonly string[]>(['heap']);
  const [seconds, setSeconds] = useState(10);
  const [reason, setReason] = useState('');
  const takesTime = profiles.some(({ name, takesTime }) => takesTime && names.includes(name));
  const isValid = instance !== '' && names.length > 0 && seconds >= 1 && seconds <= maxSeconds;

  if (services.length === 0) {
    return (
      <Alert severity="info" title="The gateway has no targets: name them in its configuration (docs/gateway.md)." />
    );
  }
  const toggle = (name: string, isOn: boolean) =>
    setNames(profiles.map((each) => each.name).filter((each) => (each === name ? isOn : names.includes(each))));
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
      <Field label="Instance" htmlFor="capture-instance">
        <LateCombobox
          id="capture-instance"
          options={[
            ...instances.map((value) => ({ value, label: value })),
            ...(instances.length > 1 ? [{ value: allInstances, label: `All ${instances.length} instances` }] : []),
          ]}
          value={instance}
          onChange={({ value }) => setInstance(value)}
        />
      </Field>
      <Field label="Profiles">
        <Stack direction="row" gap={2} wrap="wrap">
          {profiles.map(({ name, label }) => (
            <Checkbox
              key={name}
              label={label}
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
          description="Of the CPU profile and of the trace, one after the other."
          invalid={seconds < 1 || seconds > maxSeconds}
          error={`1 to ${maxSeconds}.`}
        >
          <Input
            id="capture-seconds"
            type="number"
            min={1}
            max={maxSeconds}
            width={12}
            value={seconds || ''}
            onChange={({ currentTarget }) => setSeconds(Number(currentTarget.value))}
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
      <p>{isValid && confirmation({ service, instance, instances, names, seconds, takesTime })}</p>
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
  return `Takes ${names.join(', ')} of ${of}${takesTime ? `, each that takes time for ${seconds} s` : ''}.`;
}

const icons = {
  waiting: 'clock-nine',
  running: 'spinner',
  stored: 'check',
  spooled: 'exclamation-triangle',
  failed: 'times-circle',
} as const;

const stepText = ({ state, reason }: CaptureStep) =>
  (state === 'spooled' ? 'taken; the bucket does not answer, it is stored when it does' : state) +
  (reason ? `: ${reason}` : '');

interface StepsProps {
  progress: CaptureProgress | undefined;
  onShow?: () => void;
  onDismiss: () => void;
}

function CaptureSteps({ progress, onShow, onDismiss }: StepsProps) {
  const steps = progress?.steps ?? [];
  return (
    <>
      <p aria-live="polite">
        {progress?.done ? `Event ${progress.event} is done.` : 'The gateway captures. Closing this does not stop it.'}
      </p>
      {steps.map((step) => (
        <div key={`${step.instance} ${step.profile}`}>
          <Icon name={icons[step.state]} /> {step.instance} {step.profile}: {stepText(step)}
        </div>
      ))}
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={onDismiss}>
          Close
        </Button>
        {progress?.done && steps.some(({ state }) => state === 'stored') && (
          <Button onClick={onShow}>Show what is stored</Button>
        )}
      </Modal.ButtonRow>
    </>
  );
}
